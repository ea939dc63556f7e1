/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the module's reason codes (enum numaperf_reason of <linux/numaperf.h>) mean. */
#ifndef NUMAPERF_CORE_REASON_H
#define NUMAPERF_CORE_REASON_H

/* A sentence, with the remedy where there is one that always fits. Never NULL. */
const char *np_reason_sentence(unsigned reason);

#endif
