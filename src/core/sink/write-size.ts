import { MIB } from '../units.ts';

/**
 * So much goes out in one call. Linux looks for longer runs of memory the more a call brings, and where these are dear one
 * call of 16 MiB took more than twice the time of sixteen (6.18 on ext4 in a virtual machine, medians of four conversions of
 * 4.9 GB: 3.9 s by 1 MiB, 9.9 s by 16 MiB, 6.6 s by 256 KiB).
 */
export const WRITE_BYTES = MIB;
