# shellcheck shell=bash
# For tests in bash: `. "$(dirname "$0")/../lib/tap.sh"`. See tests/lib/tap.py for the protocol.
#
#   ok WHAT COMMAND...         holds when the command succeeds
#   fails WHAT COMMAND...      holds when it does not
#   is WHAT FOUND EXPECTED     holds when the two strings are equal
#   like WHAT FOUND REGEX      holds when the string matches the extended regular expression
#   skip WHAT WHY
#   finish                     the plan and the status; the last line of every test

tap_count=0
tap_failed=0

tap_result() { # STATUS WHAT
    tap_count=$((tap_count + 1))
    if [ "$1" = 0 ]; then
        echo "ok $tap_count - $2"
    else
        tap_failed=$((tap_failed + 1))
        echo "not ok $tap_count - $2"
    fi
}

ok() {
    local what=$1 out status=0
    shift
    out=$("$@" 2>&1) || status=$?
    tap_result "$status" "$what"
    if [ "$status" != 0 ]; then
        echo "#   '$*' ended with status $status"
        echo "${out//$'\n'/$'\n'#   }" | sed '1s/^/#   /'
    fi
}

fails() {
    local what=$1 out status=0
    shift
    out=$("$@" 2>&1) || status=$?
    if [ "$status" != 0 ]; then
        tap_result 0 "$what"
    else
        tap_result 1 "$what"
        echo "#   '$*' succeeded"
        echo "${out//$'\n'/$'\n'#   }" | sed '1s/^/#   /'
    fi
}

is() {
    if [ "$2" = "$3" ]; then
        tap_result 0 "$1"
    else
        tap_result 1 "$1"
        printf '#   found:    %s\n#   expected: %s\n' "${2//$'\n'/$'\n'#   }" "${3//$'\n'/$'\n'#   }"
    fi
}

like() {
    if [[ $2 =~ $3 ]]; then
        tap_result 0 "$1"
    else
        tap_result 1 "$1"
        printf '#   found:        %s\n#   not matching: %s\n' "${2//$'\n'/$'\n'#   }" "$3"
    fi
}

skip() {
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1 # SKIP $2"
}

finish() {
    echo "1..$tap_count"
    if [ "$tap_failed" = 0 ]; then exit 0; fi
    exit 1
}
