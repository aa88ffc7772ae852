#!/bin/sh
# Builds the ERP on JAX-WS RI 2.3 as Debian has it. Its runtime wants an ASM in a package of its own, which jarjar makes of Debian's.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
jars=/usr/share/java
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

if ! command -v javac >/dev/null || [ ! -e $jars/jaxws-rt.jar ] || [ ! -e $jars/asm.jar ] || [ ! -e $jars/jarjar.jar ]; then
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        default-jdk-headless libjaxws-java libasm-java libjarjar-java >/dev/null
fi
[ "$here/build/classpath.txt" -nt "$here/ErpServer.java" ] && exit 0

mkdir -p "$here/build"
echo 'rule org.objectweb.asm.** com.sun.xml.ws.org.objectweb.asm.@1' >"$here/build/rules"
java -jar $jars/jarjar.jar process "$here/build/rules" $jars/asm.jar "$here/build/asm.jar"
classpath=$here/build/asm.jar
for jar in jaxws-rt jaxws-api jaxb-api jaxb-core jaxb-runtime jaxb-impl jws-api javax.activation javax.xml.soap-api saaj-impl stax-ex \
    streambuffer txw2 istack-commons-runtime gmbal glassfish-pfl-basic glassfish-pfl-tf glassfish-management-api metro-policy mimepull \
    stax2-api woodstox-core FastInfoset; do
    [ ! -e $jars/$jar.jar ] || classpath=$classpath:$jars/$jar.jar
done
javac -nowarn -cp "$classpath" -d "$here/build" "$here/ErpServer.java"
# Written last: where it is newer than the source, all is there.
echo "$classpath" >"$here/build/classpath.txt"
