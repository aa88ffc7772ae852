/* A wall clock whose hands are turned: preloaded into a process, it stands between the process and the kernel's clock.
 *
 * HANDS=FILE   eight bytes, a number of seconds (signed, as the machine writes it) that the wall clock shows too many. They are
 *              read anew each time. The monotonic clock goes on as it does, as on a machine whose time is set by a person or NTP.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t turned(void) {
    static volatile int64_t *seconds = NULL;
    if (!seconds) {
        const char *path = getenv("HANDS");
        int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        if (fd < 0) return 0;
        void *mapped = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
        close(fd);
        if (mapped == MAP_FAILED) return 0;
        seconds = mapped;
    }
    return *seconds;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    static int (*real)(clockid_t, struct timespec *) = NULL;
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int said = real(clock, at);
    if (said == 0 && clock == CLOCK_REALTIME) at->tv_sec += turned();
    return said;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    static int (*real)(struct timeval *, void *) = NULL;
    if (!real) real = (int (*)(struct timeval *, void *))dlsym(RTLD_NEXT, "gettimeofday");
    int said = real(at, zone);
    if (said == 0 && at) at->tv_sec += turned();
    return said;
}
