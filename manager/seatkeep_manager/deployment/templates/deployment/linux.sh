#!/bin/sh
# Seatkeep: puts agent and protection on this Linux machine. It holds no secret; the key comes from SEATKEEP_KEY.
#
#   … | SEATKEEP_KEY=… sh -s -- [--group NAME] [--proxy ADDRESS] [--help]
#
#   SEATKEEP_KEY      install link or deployment key (needed)
#   SEATKEEP_ROOT     folder to install into (default /opt/seatkeep)
#   SEATKEEP_SERVICE  none = no systemd service, only processes (default auto: a service where systemd runs and you are root)
#   SEATKEEP_CONSOLE  address of the console for devices (default: the one this script came from)
#   SEATKEEP_PROXY    http://proxy:3128, without a password; none = forget the one that is kept
#   SEATKEEP_GROUP    where to stand: names from the customer's group down, such as Office/Reception
#   SEATKEEP_PAYLOAD  file to install instead of downloading it; its checksum has to be the console's all the same
#   SEATKEEP_SETTINGS file with lines NAME=value of the names above (default /etc/seatkeep/install.conf); what is set already wins
#
# --group and --proxy say the same as SEATKEEP_GROUP and SEATKEEP_PROXY, and win over them.
#
# Ends with one true sentence and one of these codes:
#   0 protected · 10 waiting for approval · 11 no license seat · 2 usage or unsupported · 3 download or check failed
#   4 server unreachable or its certificate is wrong · 5 key rejected · 6 this machine failed
set -eu

console='@@CONSOLE@@'
payload_path='@@PAYLOAD_PATH@@'
payload_sha256='@@PAYLOAD_SHA256@@'
payload_bytes='@@PAYLOAD_BYTES@@'

write_ca() {
    cat <<'SEATKEEP_CA'
@@CA_PEM@@
SEATKEEP_CA
}

say() { printf 'seatkeep: %s\n' "$*"; }

finish() {
    finish_code=$1
    shift
    if [ "$finish_code" -eq 0 ]; then say "$*"; else say "$*" >&2; fi
    exit "$finish_code"
}

usage() {
    cat <<'SEATKEEP_USAGE'
Puts Seatkeep on this Linux machine: … | SEATKEEP_KEY=… sh -s -- [OPTION]…

  --group NAME      where a new computer stands: names from the customer's group down, such as Office/Reception
  --proxy ADDRESS   http://proxy:3128, without a password; none = forget the one that is kept
  --help            this text

The key comes from SEATKEEP_KEY only: an option could be read by everybody on this machine.
SEATKEEP_USAGE
}

# read_options ARGUMENT...
read_options() {
    while [ $# -gt 0 ]; do
        case "$1" in
            --group | --proxy)
                [ $# -gt 1 ] || finish 2 "The option $1 needs a value; nothing was changed."
                take_option "$1" "$2"
                shift
                ;;
            --group=* | --proxy=*) take_option "${1%%=*}" "${1#*=}" ;;
            --help | -h)
                usage
                exit 0
                ;;
            *) finish 2 "There is an argument that is no option of this script; --help lists them. Nothing was changed." ;;
        esac
        shift
    done
}

take_option() {
    case "$1" in
        --group) SEATKEEP_GROUP=$2 ;;
        --proxy) SEATKEEP_PROXY=$2 ;;
    esac
}

has() { command -v "$1" >/dev/null 2>&1; }

# Reads, never runs, the settings file: for images, cloud-init and configuration management.
read_settings() {
    settings=${SEATKEEP_SETTINGS:-/etc/seatkeep/install.conf}
    if [ ! -f "$settings" ]; then
        [ -z "${SEATKEEP_SETTINGS:-}" ] || finish 2 "The settings file $settings is not there; nothing was changed."
        return 0
    fi
    [ -r "$settings" ] || finish 2 "The settings file $settings cannot be read; nothing was changed."
    while IFS= read -r line || [ -n "$line" ]; do
        value=${line#*=}
        case "$line" in
            '' | '#'*) ;;
            SEATKEEP_KEY=*) SEATKEEP_KEY=${SEATKEEP_KEY:-$value} ;;
            SEATKEEP_ROOT=*) SEATKEEP_ROOT=${SEATKEEP_ROOT:-$value} ;;
            SEATKEEP_SERVICE=*) SEATKEEP_SERVICE=${SEATKEEP_SERVICE:-$value} ;;
            SEATKEEP_CONSOLE=*) SEATKEEP_CONSOLE=${SEATKEEP_CONSOLE:-$value} ;;
            SEATKEEP_PROXY=*) SEATKEEP_PROXY=${SEATKEEP_PROXY:-$value} ;;
            SEATKEEP_GROUP=*) SEATKEEP_GROUP=${SEATKEEP_GROUP:-$value} ;;
            SEATKEEP_PAYLOAD=*) SEATKEEP_PAYLOAD=${SEATKEEP_PAYLOAD:-$value} ;;
            *) finish 2 "The settings file $settings has a line that is no setting; nothing was changed." ;;
        esac
    done <"$settings"
}

check_machine() {
    [ "$(uname -s)" = Linux ] || finish 2 "This installer is for Linux; nothing was changed."
    case "$(uname -m)" in
        x86_64 | amd64) ;;
        *) finish 2 "This processor ($(uname -m)) is not supported yet; nothing was changed." ;;
    esac
    has tar || finish 2 "The program tar is missing; install it and run the command again."
    has curl || has wget || finish 2 "Neither curl nor wget is here; install one of them and run the command again."
    has sha256sum || has openssl || finish 2 "Neither sha256sum nor openssl is here; nothing was changed."
}

check_input() {
    [ -n "${SEATKEEP_KEY:-}" ] || finish 2 "SEATKEEP_KEY is not set; copy the whole command from the console again."
    case "$SEATKEEP_KEY" in
        *[!A-Za-z0-9_.-]*) finish 5 "SEATKEEP_KEY holds characters that no key has; copy it from the console again." ;;
    esac
    case "$service" in
        auto | none) ;;
        *) finish 2 "SEATKEEP_SERVICE may be auto or none; nothing was changed." ;;
    esac
    case "$root" in
        /) finish 2 "SEATKEEP_ROOT must not be the root of the file system; nothing was changed." ;;
        *[!A-Za-z0-9_./-]*) finish 2 "SEATKEEP_ROOT may only hold letters, digits, and _ . / -; nothing was changed." ;;
        /*) ;;
        *) finish 2 "SEATKEEP_ROOT must be an absolute folder; nothing was changed." ;;
    esac
    check_text group "${SEATKEEP_GROUP:-}"
    check_text proxy "${SEATKEEP_PROXY:-}"
    case "${SEATKEEP_PROXY:-}" in
        '' | none) ;;
        *://*[/@[:space:]]*) finish 2 "The proxy must be an address like http://proxy.example.com:3128, without a password; nothing was changed." ;;
        http://?* | https://?*) ;;
        *) finish 2 "The proxy must be an address like http://proxy.example.com:3128, without a password; nothing was changed." ;;
    esac
    [ -z "${SEATKEEP_PAYLOAD:-}" ] || [ -r "$SEATKEEP_PAYLOAD" ] || finish 2 "The file $SEATKEEP_PAYLOAD cannot be read; nothing was changed."
    case "$console" in
        https://* | http://*.localhost:* | http://localhost:* | http://127.0.0.1:*) ;;
        *) finish 2 "SEATKEEP_CONSOLE must be an https address; nothing was changed." ;;
    esac
}

# check_text NAME VALUE; no value is repeated: the key may have slipped into it
check_text() {
    case "$2" in
        *[[:cntrl:]]*) finish 2 "The $1 has control characters; nothing was changed." ;;
    esac
    [ ${#2} -le 1000 ] || finish 2 "The $1 is too long; nothing was changed."
}

make_folders() {
    mkdir -p "$root" 2>/dev/null || finish 6 "The folder $root cannot be made; run as root or choose SEATKEEP_ROOT."
    [ -w "$root" ] || finish 6 "The folder $root cannot be written; run as root or choose SEATKEEP_ROOT."
    work=$(mktemp -d "$root/.install.XXXXXX") || finish 6 "No temporary folder can be made in $root."
    trap 'rm -rf "$work"' EXIT
    trap 'finish 6 "Interrupted; run the command again."' HUP INT TERM
    write_ca >"$work/ca.pem"
    [ -n "$(tr -d '[:space:]' <"$work/ca.pem")" ] || rm -f "$work/ca.pem"
}

# fetch URL FILE; returns 0, 4 (not reached, certificate), or 3 (anything else)
fetch() {
    fetch_code=0
    if has curl; then
        set -- "$1" "$2" --fail --silent --show-error --location --retry 3 --connect-timeout 15 --output "$2"
        fetch_url=$1
        shift 2
        if [ -f "$work/ca.pem" ]; then set -- "$@" --cacert "$work/ca.pem"; fi
        curl "$@" "$fetch_url" || fetch_code=$?
        case "$fetch_code" in
            0) return 0 ;;
            5 | 6 | 7 | 28 | 35 | 51 | 53 | 58 | 60 | 77) return 4 ;;
            *) return 3 ;;
        esac
    fi
    set -- "$1" --quiet --tries=3 --timeout=30 --output-document="$2"
    if [ -f "$work/ca.pem" ]; then set -- "$@" --ca-certificate="$work/ca.pem"; fi
    wget "$@" || fetch_code=$?
    case "$fetch_code" in
        0) return 0 ;;
        4 | 5) return 4 ;;
        *) return 3 ;;
    esac
}

digest() {
    if has sha256sum; then
        sha256sum "$1" | cut -d ' ' -f 1
    else
        openssl dgst -sha256 -r "$1" | cut -d ' ' -f 1
    fi
}

# progress STEP OK DETAIL; never stops the installation. The key goes through a file, never through an argument.
progress() {
    (
        umask 077
        printf '{"key":"%s","install_id":"%s","step":"%s","ok":%s,"detail":"%s"}' \
            "$SEATKEEP_KEY" "$install_id" "$1" "$2" "$3" >"$work/progress.json"
    )
    if has curl; then
        set -- --silent --output /dev/null --max-time 10 --header 'Content-Type: application/json' --data "@$work/progress.json"
        if [ -f "$work/ca.pem" ]; then set -- "$@" --cacert "$work/ca.pem"; fi
        curl "$@" "$console/agent/v1/progress" || true
    else
        set -- --quiet --output-document=/dev/null --timeout=10 --header='Content-Type: application/json' --post-file="$work/progress.json"
        if [ -f "$work/ca.pem" ]; then set -- "$@" --ca-certificate="$work/ca.pem"; fi
        wget "$@" "$console/agent/v1/progress" || true
    fi
    rm -f "$work/progress.json"
}

take_payload() {
    say "Taking $SEATKEEP_PAYLOAD"
    cp "$SEATKEEP_PAYLOAD" "$work/payload.tar.gz" || finish 6 "The file $SEATKEEP_PAYLOAD cannot be copied into $root (full disk?)."
}

download() {
    say "Downloading $((payload_bytes / 1048576)) MB from $console"
    download_code=0
    fetch "$console$payload_path" "$work/payload.tar.gz" || download_code=$?
    case "$download_code" in
        0) ;;
        4) finish 4 "The console at $console cannot be reached or its certificate is not trusted; nothing was installed." ;;
        *) finish 3 "The download from $console failed; nothing was installed." ;;
    esac
}

check_payload() {
    if [ "$(digest "$work/payload.tar.gz")" != "$payload_sha256" ]; then
        progress downloaded false "checksum differs"
        finish 3 "The file is not the one the console offers (checksum differs); nothing was installed."
    fi
    progress downloaded true ""
}

unpack() {
    say "Installing into $root"
    if ! tar -xzf "$work/payload.tar.gz" -C "$root" --no-same-owner; then
        progress installed false "unpacking failed"
        finish 6 "The files cannot be unpacked into $root (full disk?); run the command again."
    fi
    rm -f "$work/payload.tar.gz"
    [ -x "$root/bin/seatkeep-agent" ] || finish 6 "The payload is not complete; tell your administrator."
    if [ -f "$work/ca.pem" ]; then
        mkdir -p "$root/etc" || finish 6 "The folder $root/etc cannot be made."
        cp "$work/ca.pem" "$root/etc/ca.pem" || finish 6 "The file $root/etc/ca.pem cannot be written."
    fi
    progress installed true ""
}

set_up() {
    say "Joining $console"
    set -- setup --console "$console" --root "$root"
    if [ -f "$root/etc/ca.pem" ]; then set -- "$@" --ca "$root/etc/ca.pem"; fi
    set_up_code=0
    SEATKEEP_INSTALL_ID="$install_id" SEATKEEP_KEY="$SEATKEEP_KEY" SEATKEEP_SERVICE="$service" "$root/bin/seatkeep-agent" "$@" </dev/null || set_up_code=$?
    case "$set_up_code" in
        0) exit 0 ;; # The agent's own last line says how this computer is protected.
        10) finish 10 "Installed, but this computer waits for approval in the console (Waiting for approval)." ;;
        11) finish 11 "Installed and visible in the console, but there is no license seat for it: it is not licensed." ;;
        4) finish 4 "Installed, but the server cannot be reached or its certificate is not trusted; run the command again." ;;
        5) finish 5 "Installed, but the server rejected the key; copy a new command from the console." ;;
        *) finish 6 "Installed, but the agent could not be set up (code $set_up_code); see $root/log." ;;
    esac
}

main() {
    umask 022
    read_options "$@"
    read_settings
    root=${SEATKEEP_ROOT:-/opt/seatkeep}
    root=${root%/}
    [ -n "$root" ] || root=/
    service=${SEATKEEP_SERVICE:-auto}
    console=${SEATKEEP_CONSOLE:-$console}
    console=${console%/}
    check_machine
    check_input
    install_id=$(cat /proc/sys/kernel/random/uuid)
    case "${SEATKEEP_PROXY:-}" in
        '') ;;
        none) export SEATKEEP_PROXY ;;
        *) export https_proxy="$SEATKEEP_PROXY" HTTPS_PROXY="$SEATKEEP_PROXY" SEATKEEP_PROXY ;;
    esac
    if [ -n "${SEATKEEP_GROUP:-}" ]; then export SEATKEEP_GROUP; fi
    make_folders
    if [ -n "${SEATKEEP_PAYLOAD:-}" ]; then take_payload; else download; fi
    check_payload
    unpack
    set_up
}

# The whole file has been read when this line runs: a broken download does nothing.
main "$@"
