#pragma once
/* What an analysis has found, in EC2's words: the members of NetworkInsightsAnalysis that are its
 * findings. Pure but for what it reads of rows. */
#include "network/reach.h"
#include "store/queries.h"
#include "wire/ec2_model.h"

/* What the packet that was sent says of what was computed. */
struct insights_proof {
    const char *word;                /* proven, computed (nothing could be sent), differs */
    const char *text;                /* a sentence */
    const struct net_probed *probed; /* NULL: nothing was sent */
};

/* The JSON of the findings, in the arena. */
const char *insights_findings(struct tx *tx, struct arena *a, const struct network_insights_path *p,
                              const struct reach_answer *answer,
                              const struct insights_proof *proof);
/* The same for a job and a test: does what was sent bear out what was computed? */
struct insights_proof insights_judge(struct arena *a, const struct reach_answer *answer,
                                     const struct net_probed *probed, const char *service);
