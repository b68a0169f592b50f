#!/usr/bin/python3 -B
# area: front-door
# config: signature_v2=yes
"""Perl's VM::EC2, which knows signature version 2 alone and counts lists of one without an index."""
import os
import shutil
import subprocess
import unittest

from support import need, run

from client import REGION, REGIONS, client, instance, register_image, tap

SCRIPT = r"""
use strict; use warnings; use utf8;
use VM::EC2;
binmode STDOUT, ":utf8";
sub connect_with { VM::EC2->new(-access_key => $ENV{AWS_ACCESS_KEY_ID}, -secret_key => shift,
                                -endpoint => $ENV{AWS_ENDPOINT_URL}, -raise_error => shift) }
my $ec2 = connect_with($ENV{AWS_SECRET_ACCESS_KEY}, 1);
print "regions ", join(",", map { $_->regionName } $ec2->describe_regions), "\n";
print "zones ", join(",", map { $_->zoneName } $ec2->describe_availability_zones), "\n";
my ($image) = $ec2->describe_images(-filter => { name => "for-perl" });
print "image $image ", $image->architecture, "\n";
my $key = $ec2->create_key_pair("perl");
print "key ", ($key->privateKey =~ /BEGIN RSA PRIVATE KEY/ ? "yes" : "no"), "\n";
my $group = $ec2->create_security_group(-name => "perl", -description => "of VM::EC2 + more");
print "ingress ", $group->authorize_incoming(-protocol => "tcp", -port => 22,
                                             -source => "192.0.2.0/24") ? 1 : 0, "\n";
print "update ", $group->update ? 1 : 0, "\n";
my ($instance) = $ec2->run_instances(-image_id => "$image", -instance_type => "t2.micro",
    -key_name => "perl", -security_group => "perl", -user_data => "#!/bin/sh\n",
    -min_count => 1, -max_count => 1);
print "instance $instance\n";
print "tags ", $ec2->create_tags(-resource_id => ["$instance"],
                                 -tag => { Name => "a & <b>", Other => "c" }) ? 1 : 0, "\n";
my ($seen) = $ec2->describe_instances(-filter => { "tag:Other" => "c" });
print "name ", $seen->tags->{Name}, "\n";
select(undef, undef, undef, 0.1) while $seen->current_status ne "running";
print "stop ", $ec2->stop_instances(-instance_id => "$instance")->currentState, "\n";
select(undef, undef, undef, 0.1) while $seen->current_status ne "stopped";
$ec2->terminate_instances(-instance_id => "$instance");
select(undef, undef, undef, 0.1) while $seen->current_status ne "terminated";
print "gone ", $seen->current_status, "\n";
print "groups ", $ec2->delete_security_group("$group") ? 1 : 0, "\n";
print "keys ", $ec2->delete_key_pair("perl") ? 1 : 0, "\n";
my $stranger = connect_with("x" x 40, 0);
$stranger->describe_regions;
print "refused ", $stranger->error->code, "\n";
"""


class Perl(unittest.TestCase):
    def test_a_day_of_work(self):
        need(shutil.which("perl") and subprocess.run(
            ["perl", "-MVM::EC2", "-e1"], stdin=subprocess.DEVNULL, capture_output=True,
            check=False).returncode == 0, "libvm-ec2-perl")
        image = register_image("for-perl")
        lines = [line.split(" ", 1) for line in
                 run(["perl", "-e", SCRIPT], env=dict(os.environ, LC_ALL="C.UTF-8")).splitlines()]
        said = dict(lines)
        instance_id = said.pop("instance")
        self.assertEqual(said, {
            "regions": ",".join(sorted(REGIONS)), "zones": ",".join(REGION + letter for letter in "abc"),
            "image": image + " x86_64", "key": "yes", "ingress": "1", "update": "1", "tags": "1",
            "name": "a & <b>", "stop": "stopping", "gone": "terminated", "groups": "1", "keys": "1",
            "refused": "AuthFailure"})
        self.assertEqual(instance(client(), instance_id)["State"]["Name"], "terminated")


if __name__ == "__main__":
    tap.main()
