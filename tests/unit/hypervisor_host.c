#include "hypervisor/host.h"

#include "unit.h"

#define CPUINFO(flags)                                                                             \
    "processor\t: 0\nmodel name\t: vmx svm\nflags\t\t: " flags "\nvmx flags\t: vnmi vmx\n\n"       \
    "processor\t: 1\nflags\t\t: " flags "\n"

START_TEST(a_processor_has_kvm_when_its_flags_say_so)
{
    ck_assert(host_cpuinfo_has_kvm(CPUINFO("fpu vmx sse2")));
    ck_assert(host_cpuinfo_has_kvm(CPUINFO("fpu svm")));
    ck_assert(!host_cpuinfo_has_kvm(CPUINFO("fpu sse2")));
    ck_assert(!host_cpuinfo_has_kvm(CPUINFO("fpu svm_lock xvmx avmx")));
    ck_assert(host_cpuinfo_has_kvm(CPUINFO("svm_lock svm")));
    ck_assert(!host_cpuinfo_has_kvm(""));
    ck_assert(!host_cpuinfo_has_kvm("\nflags"));
}
END_TEST

START_TEST(a_server_without_kvm_says_why)
{
    struct err e = {0};
    bool kvm = host_has_kvm(&e);
    ck_assert_int_eq(kvm, e.code == 0);
}
END_TEST

START_TEST(there_is_memory)
{
    int64_t total = 0;
    int64_t available = 0;
    ck_assert_int_eq(host_memory(&total, &available, NULL), 0);
    ck_assert_int_gt(available, 0);
    ck_assert_int_ge(total, available);
}
END_TEST

UNIT_SUITE(a_processor_has_kvm_when_its_flags_say_so, a_server_without_kvm_says_why,
           there_is_memory)
