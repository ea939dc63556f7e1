/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel module's client: the only place of the library that opens the device and calls its ioctls.
 *
 * Functions take the uapi structure with the caller's values (size is filled in here) and return 0 or -errno. Without
 * the module every one of them answers -ENODEV, and the calling thread's error says so with the remedy (kind
 * HARD_MODE_UNAVAILABLE for pins, CAPABILITY_MISSING otherwise). Their operation is "module: <call>"; np_fail_in() puts
 * the caller's. EINTR is retried where nothing was taken. Thread-safe.
 *
 * A descriptor below 0 stands for the module's absence.
 *
 * Pins of this process go through one shared session (kmod_session_get), opened on first use and closed when the last
 * holder puts it: a lease lives at most as long as its session.
 */
#ifndef NUMAPERF_CORE_KMOD_H
#define NUMAPERF_CORE_KMOD_H

#include <stdbool.h>

#include <linux/numaperf.h>

#include <numaperf/base.h>

bool kmod_is_loaded(void);                              /* which does not say that its device can be opened */
int kmod_open(const char *operation, int *ret_fd);      /* O_CLOEXEC | O_RDWR */
int kmod_open_hard(const char *operation, int *ret_fd); /* the same for strict pins: kind HARD_MODE_UNAVAILABLE */
void kmod_close(int fd);

int kmod_session_get(const char *operation, int *ret_fd); /* shared, reference-counted */
void kmod_session_put(void); /* once per get, by the process that got it: nothing in a forked child */

int kmod_info(int fd, struct numaperf_ioc_info *info);
int kmod_thread_pin(int fd, struct numaperf_ioc_thread_pin *pin);
int kmod_range_pin(int fd, struct numaperf_ioc_range_pin *pin);
int kmod_release(int fd, uint64_t lease);
int kmod_revoke(int fd, uint64_t lease);
int kmod_rearm(int fd, uint64_t lease, uint32_t flags); /* a lost one holds again */
int kmod_leases(int fd, struct numaperf_ioc_leases *leases);
int kmod_placement(int fd, struct numaperf_ioc_placement *placement);
int kmod_track(int fd, struct numaperf_ioc_track *track); /* async-signal-safe: one ioctl */
int kmod_read(int fd, struct numaperf_ioc_read *read);

/* kmod_track() sets no error, to be async-signal-safe; this makes one of its result, and returns that. */
int kmod_track_failed(const struct numaperf_ioc_track *track, int result, const char *operation);

#endif
