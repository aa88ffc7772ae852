/* A disk that is watched, full or broken: preloaded into a process, it stands between the process and the kernel.
 *
 * SHIM_LOG=FILE    every write, truncation and sync of a journal file, and what is said on standard output, in order:
 *                  a line `W|T|S|U|A name offset length`, then the bytes of a W or A.
 * SHIM_FAIL=N      the N-th sync of a journal file fails with EIO, and every one behind it; with SHIM_FAIL_ONE=1 that one alone,
 *                  as a kernel tells of what it could not write.
 * SHIM_SLOW=MS     each sync of a journal file takes so many milliseconds longer.
 * SHIM_ROOM=BYTES  writes that would make the journal's files grow beyond this fail with ENOSPC, until the file
 *                  named by SHIM_ROOM_ENDS exists. With SHIM_ROOM_ERRNO=N they fail with that error: a quota is 122 (EDQUOT),
 *                  a file that may not grow 27 (EFBIG).
 * SHIM_FULL=TEXT   writes into any file with this text in its path fail with ENOSPC, until the file named by
 *                  SHIM_FULL_ENDS exists.
 * A journal file is one whose name contains `journal.db` and ends neither in `-shm` nor in `.lock`.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static long syncs = 0;

static int log_file(void) {
    static int fd = -2;
    if (fd == -2) {
        const char *path = getenv("SHIM_LOG");
        fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    }
    return fd;
}

static long number(const char *name) {
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

/* The name of a journal file without its folder, or NULL. */
static const char *journal_file(const char *path) {
    const char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    size_t letters = strlen(name);
    if (!strstr(name, "journal.db")) return NULL;
    if (letters >= 4 && !strcmp(name + letters - 4, "-shm")) return NULL;
    if (letters >= 5 && !strcmp(name + letters - 5, ".lock")) return NULL;
    if (strstr(name, ".hand") || strstr(name, ".suspects")) return NULL;
    return name;
}

/* The same of a descriptor. */
static const char *journal_name(int fd, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    if (length <= 0) return NULL;
    path[length] = 0;
    return journal_file(path);
}

static void note(char what, const char *name, long long offset, const void *bytes, size_t length, size_t told) {
    int fd = log_file();
    if (fd < 0) return;
    char head[512];
    int letters = snprintf(head, sizeof head, "%c %s %lld %zu\n", what, name, offset, told);
    char *whole = malloc((size_t)letters + length);
    memcpy(whole, head, (size_t)letters);
    if (length) memcpy(whole + letters, bytes, length);
    syscall(SYS_write, fd, whole, (size_t)letters + length);
    free(whole);
}

static int is_full(const char *path, long long end) {
    long room = number("SHIM_ROOM");
    const char *ends = getenv("SHIM_ROOM_ENDS");
    if (room <= 0 || (ends && access(ends, F_OK) == 0)) return 0;
    struct stat now;
    /* Only growth needs room. */
    if (stat(path, &now) == 0 && end <= now.st_size) return 0;
    return end > room;
}

static ssize_t journal_write(int fd, const void *bytes, size_t length, off64_t offset) {
    char path[4096];
    const char *name = journal_name(fd, path, sizeof path);
    if (name && is_full(path, (long long)offset + (long long)length)) {
        long says = number("SHIM_ROOM_ERRNO");
        errno = says > 0 ? (int)says : ENOSPC;
        return -1;
    }
    pthread_mutex_lock(&one_at_a_time);
    ssize_t written = syscall(SYS_pwrite64, fd, bytes, length, offset);
    if (name && written > 0) note('W', name, (long long)offset, bytes, (size_t)written, (size_t)written);
    pthread_mutex_unlock(&one_at_a_time);
    return written;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) { return journal_write(fd, bytes, length, offset); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return journal_write(fd, bytes, length, offset); }

/* A file of a disk that others have filled. */
static int is_on_full_disk(int fd) {
    const char *text = getenv("SHIM_FULL"), *ends = getenv("SHIM_FULL_ENDS");
    if (!text || (ends && access(ends, F_OK) == 0)) return 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t letters = readlink(link, path, sizeof path - 1);
    if (letters <= 0) return 0;
    path[letters] = 0;
    return strstr(path, text) != NULL;
}

ssize_t write(int fd, const void *bytes, size_t length) {
    if (is_on_full_disk(fd)) {
        errno = ENOSPC;
        return -1;
    }
    if (fd == 1 && log_file() >= 0) {
        pthread_mutex_lock(&one_at_a_time);
        note('A', "said", 0, bytes, length, length);
        pthread_mutex_unlock(&one_at_a_time);
    }
    return syscall(SYS_write, fd, bytes, length);
}

static int journal_truncate(int fd, off64_t length) {
    char path[4096];
    const char *name = journal_name(fd, path, sizeof path);
    pthread_mutex_lock(&one_at_a_time);
    int result = (int)syscall(SYS_ftruncate, fd, length);
    if (name && result == 0) note('T', name, (long long)length, NULL, 0, 0);
    pthread_mutex_unlock(&one_at_a_time);
    return result;
}

int ftruncate64(int fd, off64_t length) { return journal_truncate(fd, length); }
int ftruncate(int fd, off_t length) { return journal_truncate(fd, length); }

static int journal_sync(int fd, long call) {
    char path[4096];
    const char *name = journal_name(fd, path, sizeof path);
    if (!name) return (int)syscall(call, fd);
    usleep((useconds_t)number("SHIM_SLOW") * 1000);
    pthread_mutex_lock(&one_at_a_time);
    long fails_from = number("SHIM_FAIL");
    int result;
    if (fails_from > 0 && ++syncs >= fails_from && (syncs == fails_from || !number("SHIM_FAIL_ONE"))) {
        errno = EIO;
        result = -1;
    } else {
        /* What the log says is what counts: a recorded process need not wait for the real disk. */
        result = log_file() >= 0 ? 0 : (int)syscall(call, fd);
        note('S', name, 0, NULL, 0, 0);
    }
    pthread_mutex_unlock(&one_at_a_time);
    return result;
}

/* A name that is taken away is gone at once: SQLite takes a rollback journal away only while it sets a journal up. */
int unlink(const char *path) {
    const char *name = journal_file(path);
    pthread_mutex_lock(&one_at_a_time);
    int result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (name && result == 0) note('U', name, 0, NULL, 0, 0);
    pthread_mutex_unlock(&one_at_a_time);
    return result;
}

int fsync(int fd) { return journal_sync(fd, SYS_fsync); }
int fdatasync(int fd) { return journal_sync(fd, SYS_fdatasync); }
