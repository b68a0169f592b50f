/* What a packet that was sent says of what was computed. */
#include <string.h>

#include "jobs/insights_findings.h"
#include "unit.h"

static struct arena *a;

static struct reach_answer computed(bool reachable, const char *code, bool is_reply)
{
    struct reach_answer answer = {.reachable = reachable, .code = code};
    struct reach_hop *h = arena_append(a, &answer.hops);
    h->passes = reachable;
    h->is_reply = is_reply;
    return answer;
}

static struct insights_proof judge(struct reach_answer answer, enum net_probe_outcome outcome)
{
    static struct net_probed probed;
    probed = (struct net_probed){.outcome = outcome, .vpc_id = "vpc-1", .chain = "sg-1-in"};
    return insights_judge(a, &answer, &probed, "tcp 22");
}

START_TEST(what_is_sent_bears_out_what_is_computed_or_differs)
{
    static const struct {
        bool reachable;
        const char *code;
        bool is_reply;
        enum net_probe_outcome outcome;
        const char *word;
    } cases[] = {
        {true, NULL, true, NET_PROBE_ANSWERED, "proven"},
        {true, NULL, true, NET_PROBE_REFUSED, "proven"},
        {true, NULL, true, NET_PROBE_SILENT, "proven"},
        {true, NULL, true, NET_PROBE_DROPPED, "differs"},
        {true, NULL, true, NET_PROBE_LOST, "differs"},
        {true, NULL, true, NET_PROBE_ANSWER_DROPPED, "differs"},
        {false, "ENI_SG_RULES_MISMATCH", false, NET_PROBE_DROPPED, "proven"},
        {false, "ENI_SG_RULES_MISMATCH", false, NET_PROBE_ANSWERED, "differs"},
        {false, "ENI_SG_RULES_MISMATCH", false, NET_PROBE_REFUSED, "differs"},
        {false, "ENI_SG_RULES_MISMATCH", false, NET_PROBE_SILENT, "differs"},
        {false, "NO_ROUTE_TO_DESTINATION", false, NET_PROBE_LOST, "proven"},
        {false, "BAD_STATE", false, NET_PROBE_SILENT, "proven"},
        {false, "BAD_STATE", false, NET_PROBE_ANSWERED, "differs"},
        {false, "SUBNET_ACL_RESTRICTION", true, NET_PROBE_ANSWER_DROPPED, "proven"},
        /* No answer came whose way back could have been seen. */
        {false, "SUBNET_ACL_RESTRICTION", true, NET_PROBE_SILENT, "computed"},
        {false, "SUBNET_ACL_RESTRICTION", true, NET_PROBE_ANSWERED, "differs"},
        {false, "SUBNET_ACL_RESTRICTION", true, NET_PROBE_DROPPED, "differs"},
    };
    a = arena_new();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct insights_proof proof =
            judge(computed(cases[i].reachable, cases[i].code, cases[i].is_reply), cases[i].outcome);
        ck_assert_msg(strcmp(proof.word, cases[i].word) == 0, "case %zu: %s", i, proof.word);
        ck_assert_ptr_nonnull(proof.text);
    }
    arena_free(a);
}
END_TEST

START_TEST(a_difference_says_both)
{
    a = arena_new();
    struct insights_proof proof = judge(computed(true, NULL, true), NET_PROBE_DROPPED);
    ck_assert_str_eq(proof.text,
                     "computed and sent differ: it was computed that the packet gets there, but a "
                     "packet was sent, and the chain sg-1-in of vpc-1 dropped it");
    arena_free(a);
}
END_TEST

UNIT_SUITE(what_is_sent_bears_out_what_is_computed_or_differs, a_difference_says_both)
