/**
 * A process ends with this when starting it again can't help (its store is damaged or its disk is full): the
 * supervisor leaves it down and says why. EX_CONFIG of sysexits.h.
 */
export const noRestartExitCode = 78;
