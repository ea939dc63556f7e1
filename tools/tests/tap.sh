# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the tests of the command line share: TAP on stdout, running a command with its output and status kept, waiting. Sourced.

NUMAPERF=${NUMAPERF:-numaperf}
tap_count=0
tap_failed=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# ok STATUS NAME: a test that passed if STATUS is 0; else what the last command said is shown
ok()
{
	tap_count=$((tap_count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_count $2"
		return
	fi
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count $2"
	[ -e "$work/status" ] || return 0
	sed 's/^/# status: /' "$work/status"
	sed 's/^/# stdout: /' "$work/out"
	sed 's/^/# stderr: /' "$work/err"
}

skip()
{
	tap_count=$((tap_count + 1))
	echo "ok $tap_count $1 # SKIP $2"
}

# run COMMAND...: keeps stdout, stderr and exit status in $work
run()
{
	status=0
	"$@" >"$work/out" 2>"$work/err" || status=$?
	echo "$status" >"$work/status"
}

status_is() { [ "$(cat "$work/status")" -eq "$1" ]; }
says() { grep -q -e "$1" "$work/err"; }
prints() { grep -q -e "$1" "$work/out"; }

# expect NAME CONDITION [&& CONDITION]...: evaluated, so that one test has one line
expect()
{
	expect_name=$1
	shift
	if eval "$*"; then ok 0 "$expect_name"; else ok 1 "$expect_name"; fi
}

# until_true COMMAND...: waits until it is, at most 10 s
until_true()
{
	for _ in $(seq 100); do
		"$@" && return
		sleep 0.1
	done
	return 1
}

# members FILE: the numbers of a list like 0,2-3, one a line
members() { tr ',' '\n' <"$1" | sed 's/\(.*\)-\(.*\)/seq \1 \2/;t;/./s/^/echo /' | sh; }

finish()
{
	echo "1..$tap_count"
	[ "$tap_failed" -eq 0 ]
}
