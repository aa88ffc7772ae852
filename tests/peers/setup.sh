#!/bin/sh
# Installs what the tests with real peers need, where it is missing: PHP with ext-soap, Stoplight Prism, node-soap,
# zeep, spyne, JAX-WS, RabbitMQ and pika, WsgiDAV, jq as a library, and the judges of what we offer: linters of OpenAPI, Newman, Schemathesis,
# Mermaid, Chromium. Prints the versions.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

if ! php -m 2>/dev/null | grep -qx soap; then
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq php8.2-cli php8.2-soap >/dev/null
fi
if ! command -v xmllint >/dev/null || ! command -v python3 >/dev/null; then
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq libxml2-utils python3 >/dev/null
fi
if ! command -v npm >/dev/null; then
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq nodejs npm >/dev/null
fi

if ! command -v nginx >/dev/null && [ ! -x /usr/sbin/nginx ]; then
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx-light >/dev/null
fi

"$here/soap/jaxws/build.sh"

if ! command -v chromium >/dev/null; then
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
fi

for folder in "$here/prism" "$here/webhooks" "$here/oidc" "$here/soap" "$here/graphql" "$here/contracts" "$here/../../benches/node"; do
    # npm writes this file last: where it is newer than the lock, all is there.
    if [ ! "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ]; then
        (cd "$folder" && npm ci --no-audit --no-fund --loglevel=error)
        touch "$folder/node_modules/.package-lock.json"
    fi
done

if [ ! -d /usr/lib/rabbitmq/lib ]; then
    # The package would start a broker of its own; the tests start theirs.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod +x "$policy"
        ours=yes
    fi
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends rabbitmq-server >/dev/null
    if [ "${ours:-no}" = yes ]; then as_root rm "$policy"; fi
fi

for folder in "$here/soap" "$here/graphql" "$here/queues" "$here/dav"; do
    if [ ! "$folder/.venv/installed" -nt "$folder/requirements.txt" ]; then
        python3 -m venv "$folder/.venv"
        "$folder/.venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$folder/requirements.txt"
        touch "$folder/.venv/installed"
    fi
done

if [ ! "$here/jq/.venv/installed" -nt "$here/jq/requirements.txt" ]; then
    python3 -m venv "$here/jq/.venv"
    "$here/jq/.venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r "$here/jq/requirements.txt"
    touch "$here/jq/.venv/installed"
fi

if [ ! "$here/contracts/.venv/installed" -nt "$here/contracts/requirements.txt" ]; then
    python3 -m venv "$here/contracts/.venv"
    "$here/contracts/.venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/contracts/requirements.txt"
    touch "$here/contracts/.venv/installed"
fi

php --version | head -1
echo "node $(node --version)"
java -version 2>&1 | head -1
"$here/soap/.venv/bin/python" -c 'import spyne, zeep; print("zeep", zeep.__version__, "spyne", spyne.__version__)'
echo "prism $("$here/prism/node_modules/.bin/prism" --version)"
"$here/jq/.venv/bin/python" -c 'import importlib.metadata as m; print("jq", m.version("jq"))'
