/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NP_INFO_H
#define NP_INFO_H

#include <linux/numaperf.h>

struct np_session;

void np_info_host(struct numaperf_ioc_info *info);
int np_info(struct np_session *session, struct numaperf_ioc_info *arg);

#endif /* NP_INFO_H */
