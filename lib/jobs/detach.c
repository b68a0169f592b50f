#include "jobs/detach.h"

#include <errno.h>

#define LOOK_MS       250
#define ASK_MS        6000
#define LOOKS_PER_ASK (ASK_MS / LOOK_MS)
#define ATTACH_TRIES  4
#define HURRIED_MS    10000 /* then a guest that is busy is not looked at all the time */

struct detach_turn detach_turn(const struct job *job, bool hurried)
{
    bool often = hurried || job->attempts * LOOK_MS < HURRIED_MS;
    return (struct detach_turn){
        .ask = !often || job->attempts % LOOKS_PER_ASK == 0,
        .again_ms = often ? LOOK_MS : ASK_MS,
    };
}

bool attach_is_given_up(const struct job *job, int r)
{
    return r != -ENOTCONN && job->attempts >= ATTACH_TRIES;
}
