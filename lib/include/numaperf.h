/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All of libnumaperf. (<numaperf/host.h> is not: it belongs to libnumaperf-netlink.) */
#ifndef NUMAPERF_H
#define NUMAPERF_H

#include <numaperf/base.h>
#include <numaperf/error.h>
#include <numaperf/set.h>
#include <numaperf/enforcement.h>
#include <numaperf/capabilities.h>
#include <numaperf/topology.h>
#include <numaperf/affinity.h>
#include <numaperf/memory.h>
#include <numaperf/policy.h>
#include <numaperf/leases.h>
#include <numaperf/events.h>
#include <numaperf/collector.h>
#include <numaperf/counters.h>
#include <numaperf/refault.h>

#endif
