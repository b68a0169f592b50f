#include <signal.h>
#include <string.h>

#include "croft/hostkey.h"
#include "croft/ssh_channel.h"
#include "croft/terminal.h"
#include "unit.h"

/* The order, with what is sent in `sent`; the input comes byte by byte, as it is typed. */
static enum escape_order type(struct escape *e, const char *typed, char *sent)
{
    size_t n = 0;

    for (size_t i = 0; typed[i] != '\0'; i++) {
        size_t used, made;
        enum escape_order order = escape_filter(e, typed + i, 1, &used, sent + n, &made);

        n += made;
        sent[n] = '\0';
        if (order != ESCAPE_NONE)
            return order;
    }
    return ESCAPE_NONE;
}

static void check_tilde(const char *typed, enum escape_order order, const char *wanted)
{
    struct escape single = {.kind = ESCAPE_TILDE}, whole = single;
    char sent[100] = "", at_once[100];
    size_t used, made;

    ck_assert_int_eq(type(&single, typed, sent), order);
    ck_assert_str_eq(sent, wanted);
    ck_assert_int_eq(escape_filter(&whole, typed, strlen(typed), &used, at_once, &made), order);
    at_once[made] = '\0';
    ck_assert_str_eq(at_once, wanted);
}

START_TEST(a_tilde_leads_out_at_the_beginning_of_a_line_alone)
{
    check_tilde("~.", ESCAPE_QUIT, "");
    check_tilde("ls\r~.", ESCAPE_QUIT, "ls\r");
    check_tilde("ls ~.\r", ESCAPE_NONE, "ls ~.\r");
    check_tilde("~~.\r", ESCAPE_NONE, "~.\r");
    check_tilde("~x~.\r", ESCAPE_NONE, "~x~.\r");
    check_tilde("~?", ESCAPE_HELP, "");
    check_tilde("~\r~.", ESCAPE_QUIT, "~\r");
}
END_TEST

START_TEST(a_bracket_leads_out_anywhere)
{
    struct escape e = {.kind = ESCAPE_BRACKET};
    char sent[100];

    ck_assert_int_eq(type(&e, "root ~.\x1d after", sent), ESCAPE_QUIT);
    ck_assert_str_eq(sent, "root ~.");
}
END_TEST

START_TEST(a_signal_has_its_number)
{
    ck_assert_int_eq(signal_of_name("TERM"), SIGTERM);
    ck_assert_int_eq(signal_of_name("KILL"), SIGKILL);
    ck_assert_int_eq(signal_of_name("NOSUCH"), 0);
}
END_TEST

static const char console[] =
    "[    1.0] Linux\r\n"
    "ci-info: no authorized SSH keys\r\n"
    "SHA256:outside\r\n"
    "<14>Jan 1 ec2: -----BEGIN SSH HOST KEY FINGERPRINTS-----\r\n"
    "<14>Jan 1 ec2: 256 SHA256:first root@ip-172-31-0-5 (ED25519)\r\n"
    "<14>Jan 1 ec2: 3072 SHA256:second root@ip-172-31-0-5 (RSA)\r\n"
    "<14>Jan 1 ec2: -----END SSH HOST KEY FINGERPRINTS-----\r\n"
    "SHA256:behind\r\n"
    "-----BEGIN SSH HOST KEY FINGERPRINTS-----\r\n256 SHA256:later x (ECDSA)\r\n";

START_TEST(a_host_key_is_looked_for_in_cloud_inits_list_alone)
{
    ck_assert_int_eq(console_has_fingerprint(console, "SHA256:first"), 1);
    ck_assert_int_eq(console_has_fingerprint(console, "SHA256:second"), 1);
    ck_assert_int_eq(console_has_fingerprint(console, "SHA256:later"), 1);
    ck_assert_int_eq(console_has_fingerprint(console, "SHA256:outside"), 0);
    ck_assert_int_eq(console_has_fingerprint(console, "SHA256:behind"), 0);
    ck_assert_int_eq(console_has_fingerprint(console, "SHA256:firs"), 0);
    ck_assert_int_eq(console_has_fingerprint("booting SHA256:first", "SHA256:first"), -1);
    ck_assert_int_eq(console_has_fingerprint("", "SHA256:first"), -1);
}
END_TEST

UNIT_SUITE(a_tilde_leads_out_at_the_beginning_of_a_line_alone, a_bracket_leads_out_anywhere,
           a_signal_has_its_number, a_host_key_is_looked_for_in_cloud_inits_list_alone)
