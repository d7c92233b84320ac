# Installs what is missing from Debian packages. Sourced by ops/demo and ops/test; quick when nothing is missing.

have() { command -v "$1" >/dev/null 2>&1; }

# PostgreSQL's server programs are not on the PATH in Debian.
have_postgresql() { compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || have initdb; }

# Kannel's daemons stand where only root looks for programs.
have_kannel() { [[ -x /usr/sbin/bearerbox && -x /usr/sbin/smsbox ]]; }

# Prints the packages that are missing, one on a line.
missing_packages() {
    have cc && have c++ && have make || echo build-essential
    have cmake || echo cmake            # zlib-ng in Pingora, aws-lc
    have perl || echo perl
    have pkg-config || echo pkg-config
    have curl || echo curl              # README's walk-through
    have_postgresql || echo postgresql  # the tests start their own cluster from it
    have redis-server || echo redis-server # the tests start their own from it
}

# Go and its own note and tlog libraries, with which ops/test verifies a log of ours.
missing_verifiers() {
    have go || echo golang-go
    [[ -d /usr/share/gocode/src/golang.org/x/mod/sumdb ]] || echo golang-golang-x-mod-dev
}

# Node with npm, for OpenID's client library of others.
missing_node() {
    have node || echo nodejs
    have npm || echo npm
}

# An SMS gateway of others, which ops/test runs between us and an SMSC.
missing_kannel() {
    have_kannel || echo kannel
}

# The solver that `cargo xtask prove` asks; tests ask it too.
missing_solver() {
    have "${CVC5:-cvc5}" || echo cvc5
}

# Debian's packages would start servers of their own on ports 5432 and 6379; the tests need only the programs.
install_packages() {
    local policy=/usr/sbin/policy-rc.d
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    if [[ " $* " == *" postgresql "* && ! -e /etc/postgresql-common/createcluster.conf ]]; then
        apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null
        sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
    fi
    # What a package would start while it is installed, unless the host has a policy of its own already.
    [[ -e $policy ]] && policy=
    if [[ -n $policy ]]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    local code=0
    apt-get install -y -qq --no-install-recommends "$@" >/dev/null || code=$?
    [[ -z $policy ]] || rm -f "$policy"
    # Nor at the next start of the host.
    if [[ " $* " == *" redis-server "* ]] && have systemctl; then
        systemctl disable redis-server >/dev/null 2>&1 || true
    fi
    return "$code"
}

# Installs what the functions named by the arguments say is missing; missing_packages when none is named.
need_packages() {
    local missing each
    mapfile -t missing < <(for each in "${@:-missing_packages}"; do "$each"; done)
    ((${#missing[@]})) || return 0
    if ! have apt-get; then
        echo "This machine has no apt-get. Please install what Debian calls: ${missing[*]}" >&2
        exit 2
    fi
    if ((EUID != 0)); then
        echo "Some packages are missing. Please run this line, then this script again:" >&2
        echo "    sudo apt-get update && sudo apt-get install -y ${missing[*]}" >&2
        exit 2
    fi
    echo "Installing from Debian: ${missing[*]}"
    install_packages "${missing[@]}"
}

need_rust() {
    have cargo && return 0
    echo "There is no cargo. Please install the Rust toolchain named in rust-toolchain.toml (rustup does it)." >&2
    exit 2
}
