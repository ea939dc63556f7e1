/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/numaperf: open, ioctl, read, poll. Only decodes and encodes.
 */
#ifndef NP_DEVICE_H
#define NP_DEVICE_H

int np_device_register(void);
void np_device_unregister(void);

#endif /* NP_DEVICE_H */
