#pragma once
/*
 * Places where a test makes the daemon die: before and after what others see (a commit, a call of a
 * driver, a file put in place). Without the build option crash_points they are nothing.
 *
 * With it, and with CROFT_CRASH=DIRECTORY in the environment, each passing is a line in
 * DIRECTORY/passed, "POINT/WORK": the point, and the action or the kind of job that this thread is
 * at. DIRECTORY/at, where it is there, says "POINT/WORK N": the Nth passing since it was put there
 * is the process's last, by SIGKILL. Any thread may call.
 */
#ifdef CROFT_CRASH_POINTS
void crash_point(const char *name);
/* What this thread works on from now on; NULL: nothing of its own. The text must stay. */
void crash_work(const char *work);
#else
static inline void crash_point(const char *name)
{
    (void)name;
}
static inline void crash_work(const char *work)
{
    (void)work;
}
#endif
