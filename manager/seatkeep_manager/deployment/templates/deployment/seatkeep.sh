#!/bin/sh
# Seatkeep on a Linux computer: installs, repairs and removes it, or says how it stands. It holds no key.
#
#   seatkeep.sh [install|repair|remove|detect|state] [--group NAME] [--proxy ADDRESS]
#
#   SEATKEEP_KEY      install link or deployment key (install, repair); a person is asked for it
#   SEATKEEP_GROUP    where to stand: names from the customer's group down, such as Office/Reception
#   SEATKEEP_PROXY    http://proxy:3128, without a password
#   SEATKEEP_ROOT     folder of the installation (default /opt/seatkeep)
#   SEATKEEP_SERVICE  none = no systemd service (default auto)
#
# Exit codes
#   install, repair   0 protected · 10 waiting for approval · 11 no license seat · 2 called wrongly or not supported
#                     3 download or check failed · 4 console not reached or its certificate wrong · 5 key rejected
#                     6 this machine failed
#   remove            0 removed, or was not there · 6 failed
#   detect            0 installed in version @@VERSION@@ or newer, and prints it · 1 not
#   state             0 connected and not unprotected · 1 not · 8 not installed; prints one line for a custom field
set -eu

action='@@ACTION@@'
console='@@CONSOLE@@'
version='@@VERSION@@'
made_group='@@GROUP@@'
made_proxy='@@PROXY@@'

write_ca() {
    cat <<'SEATKEEP_CA'
@@CA_PEM@@
SEATKEEP_CA
}

finish() {
    finish_code=$1
    shift
    printf 'seatkeep: %s\n' "$*" >&2
    exit "$finish_code"
}

installed_version() { "$agent" --version 2>/dev/null; }

# Whether the installed version is the console's or newer, each part compared as a number.
is_recent() {
    [ -z "$version" ] || [ "$(printf '%s\n%s\n' "$version" "$1" | sort -t . -k 1,1n -k 2,2n -k 3,3n | head -n 1)" = "$version" ]
}

# status: one line in $state; returns 0 when connected and not unprotected
read_state() {
    state_code=0
    state=$("$agent" status --root "$root" 2>&1) || state_code=$?
    state=$(printf '%s' "$state" | sed 's/^seatkeep: //' | tr '\n' ';' | sed 's/;/; /g')
    return "$state_code"
}

ask_key() {
    [ -z "${SEATKEEP_KEY:-}" ] && [ -t 0 ] || return 0
    printf 'Key of the installer (the console shows it): '
    stty -echo
    IFS= read -r SEATKEEP_KEY || true
    stty echo
    printf '\n'
}

fetch_installer() {
    if command -v curl >/dev/null 2>&1; then
        set -- --fail --silent --show-error --retry 3 --connect-timeout 15 --output "$work/linux.sh"
        if [ -s "$work/ca.pem" ]; then set -- "$@" --cacert "$work/ca.pem"; fi
        curl "$@" "$console/install/linux.sh"
    else
        set -- --quiet --tries=3 --timeout=30 --output-document="$work/linux.sh"
        if [ -s "$work/ca.pem" ]; then set -- "$@" --ca-certificate="$work/ca.pem"; fi
        wget "$@" "$console/install/linux.sh"
    fi
}

# The installer's own last line and exit code are the answer.
install() {
    ask_key
    [ -n "${SEATKEEP_KEY:-}" ] || finish 2 "SEATKEEP_KEY is not set; the console shows it."
    work=$(mktemp -d) || finish 6 "No temporary folder can be made."
    trap 'rm -rf "$work"' EXIT
    write_ca >"$work/ca.pem"
    tr -d '[:space:]' <"$work/ca.pem" | grep -q . || : >"$work/ca.pem"
    fetch_installer || finish 4 "The console at $console cannot be reached or its certificate is not trusted; nothing was installed."
    install_code=0
    SEATKEEP_KEY="$SEATKEEP_KEY" sh "$work/linux.sh" || install_code=$?
    return "$install_code"
}

# Leaves alone what is there in this version or a newer one, and well.
install_when_needed() {
    if [ -x "$agent" ] && is_recent "$(installed_version)" && read_state; then
        printf 'seatkeep: installed already; %s\n' "$state"
        return 0
    fi
    install
}

remove() {
    if [ ! -x "$agent" ]; then
        printf 'seatkeep: not installed\n'
        return 0
    fi
    "$agent" uninstall --root "$root" || finish 6 "The removal failed; $root/log says why."
}

detect() {
    [ -x "$agent" ] || return 1
    found=$(installed_version) || return 1
    is_recent "$found" || return 1
    printf '%s\n' "$found"
}

show_state() {
    if [ ! -x "$agent" ]; then
        printf 'not installed\n'
        return 8
    fi
    if read_state; then
        printf 'ok; version %s; %s\n' "$(installed_version)" "$state"
        return 0
    fi
    printf 'trouble; version %s; %s\n' "$(installed_version)" "$state"
    return 1
}

# read_options ARGUMENT...; the installer checks their values
read_options() {
    while [ $# -gt 0 ]; do
        case "$1" in
            --group=*) SEATKEEP_GROUP=${1#*=} ;;
            --proxy=*) SEATKEEP_PROXY=${1#*=} ;;
            --group | --proxy)
                [ $# -gt 1 ] || finish 2 "The option $1 needs a value."
                if [ "$1" = --group ]; then SEATKEEP_GROUP=$2; else SEATKEEP_PROXY=$2; fi
                shift
                ;;
            *) finish 2 "There is an argument that is no option of this script." ;;
        esac
        shift
    done
}

main() {
    case "${1:-}" in
        '' | --*) ;;
        *)
            action=$1
            shift
            ;;
    esac
    read_options "$@"
    root=${SEATKEEP_ROOT:-/opt/seatkeep}
    root=${root%/}
    agent="$root/bin/seatkeep-agent"
    SEATKEEP_GROUP=${SEATKEEP_GROUP:-$made_group}
    SEATKEEP_PROXY=${SEATKEEP_PROXY:-$made_proxy}
    export SEATKEEP_GROUP SEATKEEP_PROXY
    if [ -n "${SEATKEEP_PROXY#none}" ]; then export https_proxy="$SEATKEEP_PROXY" HTTPS_PROXY="$SEATKEEP_PROXY"; fi
    main_code=0
    case "$action" in
        install) install_when_needed || main_code=$? ;;
        repair) install || main_code=$? ;;
        remove) remove || main_code=$? ;;
        detect) detect || main_code=$? ;;
        state) show_state || main_code=$? ;;
        *) finish 2 "There is no action $action." ;;
    esac
    exit "$main_code"
}

# The whole file has been read when this line runs: a broken download does nothing.
main "$@"
