#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# netlink-spec.sh: does kmod/numaperf.yaml agree with uapi/linux/numaperf.h? Every command and attribute of either is in the
# other under the same number (the compiler compares), and of the same type (as the header's comments say it). Says nothing
# if so.

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
: "${CC:=cc}"
spec=$TOP/kmod/numaperf.yaml
header=$TOP/uapi/linux/numaperf.h
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Of the specification, as lines "command NAME NUMBER", "attribute NAME NUMBER TYPE", "count NAME NUMBER", "enum NAME NUMBER",
# "family NAME", "group NAME". Names are made as in C; numbers count from 1 where none is given.
read_spec()
{
	awk '
		function c(name) { name = toupper(name); gsub("-", "_", name); return name }
		function flush() {
			if (attribute) print "attribute", attribute, number, type
			attribute = ""
		}
		function end_list() {
			flush()
			if (count_name) print "count", count_name, number + 1
			count_name = ""
			number = 0
		}
		/^[a-z]/ { end_list(); section = $1 }
		/^name: / { print "family", $2 }
		section == "attribute-sets:" && /^  -$/ { end_list() }
		section == "attribute-sets:" && /^    name-prefix: / { prefix = $2 }
		/^cmd-cnt-name: / { commands = c($2) }
		/^ +attr-cnt-name: / { count_name = c($2) }
		section == "operations:" && /^  list:/ { count_name = commands }
		section == "attribute-sets:" && /^        name: / { flush(); attribute = c(prefix $2); number++ }
		section == "attribute-sets:" && /^        type: / { type = $2 == "binary" ? "array" : $2 }
		section == "attribute-sets:" && /^        sub-type: / { type = type " " $2 }
		section == "operations:" && /^  name-prefix: / { prefix = $2 }
		section == "operations:" && /^      name: / { print "command", c(prefix $2), ++number }
		section == "mcast-groups:" && /^      name: / { print "group", $2 }
		section == "definitions:" && /^    name-prefix: / { prefix = $2; number = -1 }
		section == "definitions:" && /^      - / {
			name = $2
			if ($2 == "{") { name = $4; number = $6 - 1 }
			sub(",$", "", name)
			number++
			print "enum", c(prefix name), number
		}
		END { end_list() }' "$spec"
}

assertions()
{
	echo '#include <linux/numaperf.h>'
	awk '
		$1 == "family" { printf "_Static_assert(!__builtin_strcmp(NUMAPERF_GENL_NAME, \"%s\"), \"family\");\n", $2; next }
		$1 == "group" { printf "_Static_assert(!__builtin_strcmp(NUMAPERF_GENL_EVENTS, \"%s\"), \"group\");\n", $2; next }
		{ printf "_Static_assert((int)%s == %d, \"%s is not %d\");\n", $2, $3, $2, $3 }' "$work/spec"
}

# NAME and type by the header: the first word of the comment, "array WHAT" for arrays.
types_of_header()
{
	awk '/^\tNUMAPERF_GENL_(INFO|LEASE|TARGET|SUM|EVENT)_/ && !/_(UNSPEC|COUNT),?$/ {
		name = $1; sub(",", "", name)
		type = $3; sub("[:,]$", "", type)
		if (type == "array") { type = type " " $5; sub("[:,]$", "", type) }
		print name, type == "" ? "pad" : type }' "$header" | sort
}

read_spec >"$work/spec"
assertions >"$work/spec.c"
[ "$(wc -l <"$work/spec.c")" -gt 50 ] || echo 'the specification was not understood'
"$CC" -I"$TOP/uapi" -fsyntax-only "$work/spec.c" 2>&1 | grep -E 'error|not' || :
awk '$1 == "attribute" { $1 = $3 = ""; print }' "$work/spec" | awk '{ $1 = $1; print }' | sort >"$work/types"
types_of_header | diff - "$work/types" || :
