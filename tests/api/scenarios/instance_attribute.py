"""What can be changed of an instance that is there."""
from client import call, client, instance, launch, refusal, remove, wait_state

from .world import MISSING, Scenarios, ec2, the


class InstanceAttributes(Scenarios):
    def DescribeInstanceAttribute(self):
        # The enumeration of botocore, each value of it.
        names = client().meta.service_model.shape_for("InstanceAttributeName").enum
        for name in names:
            found = call("post", "DescribeInstanceAttribute", {"InstanceId": the.one, "Attribute": name})
            self.assertEqual(found["InstanceId"], the.one, name)
        self.assertEqual(call("post", "DescribeInstanceAttribute", {
            "InstanceId": the.one, "Attribute": "rootDeviceName"})["RootDeviceName"],
            {"Value": "/dev/xvda"})

    def DescribeInstanceCreditSpecifications(self):
        found = call("post", "DescribeInstanceCreditSpecifications", {"InstanceIds": [the.one]})
        self.assertEqual(found["InstanceCreditSpecifications"],
                         [{"InstanceId": the.one, "CpuCredits": "unlimited"}])

    def GetDefaultCreditSpecification(self):
        for family, credits in ("t2", "standard"), ("t3", "unlimited"), ("t4g", "unlimited"):
            found = call("post", "GetDefaultCreditSpecification", {"InstanceFamily": family})
            self.assertEqual(found["InstanceFamilyCreditSpecification"],
                             {"InstanceFamily": family, "CpuCredits": credits})

    def GetInstanceMetadataDefaults(self):
        found = call("post", "GetInstanceMetadataDefaults", {})
        self.assertEqual(found["AccountLevel"], {"ManagedBy": "account"})

    def ModifyDefaultCreditSpecification(self):
        for credits in "unlimited", "standard":
            made = call("post", "ModifyDefaultCreditSpecification", {
                "InstanceFamily": "t2", "CpuCredits": credits})
            self.assertEqual(made["InstanceFamilyCreditSpecification"]["CpuCredits"], credits)

    def ModifyInstanceAttribute(self):
        call("post", "ModifyInstanceAttribute", {"InstanceId": the.one,
                                                 "DisableApiTermination": {"Value": True}})
        self.assertEqual(refusal(ec2.terminate_instances, InstanceIds=[the.one]).code,
                         "OperationNotPermitted")
        call("post", "ModifyInstanceAttribute", {"InstanceId": the.one, "Value": "false",
                                                 "Attribute": "disableApiTermination"})

    def ModifyInstanceCpuOptions(self):
        i = launch(ec2, the.image, InstanceType="t3.small")["InstanceId"]
        self.assertEqual(instance(ec2, i)["CpuOptions"], {"CoreCount": 1, "ThreadsPerCore": 2})
        ec2.stop_instances(InstanceIds=[i])
        wait_state(ec2, i, "stopped")
        made = call("post", "ModifyInstanceCpuOptions", {
            "InstanceId": i, "CoreCount": 1, "ThreadsPerCore": 1})
        self.assertEqual((made["InstanceId"], made["CoreCount"], made["ThreadsPerCore"]), (i, 1, 1))
        self.assertEqual(instance(ec2, i)["CpuOptions"], {"CoreCount": 1, "ThreadsPerCore": 1})
        ec2.start_instances(InstanceIds=[i])
        wait_state(ec2, i, "running")
        remove(ec2, i)

    def ModifyInstanceCreditSpecification(self):
        asked = [{"InstanceId": the.one, "CpuCredits": "standard"},
                 {"InstanceId": MISSING["i"], "CpuCredits": "standard"}]
        for _ in "once", "again":
            made = call("post", "ModifyInstanceCreditSpecification", {
                "ClientToken": "credits", "InstanceCreditSpecifications": asked})
            self.assertEqual(made["SuccessfulInstanceCreditSpecifications"], [{"InstanceId": the.one}])
            bad = made["UnsuccessfulInstanceCreditSpecifications"]
            self.assertEqual([(b["InstanceId"], b["Error"]["Code"]) for b in bad],
                             [(MISSING["i"], "InvalidInstanceID.NotFound")])
        asked[0]["CpuCredits"] = "unlimited"
        call("post", "ModifyInstanceCreditSpecification", {
            "InstanceCreditSpecifications": asked[:1]})

    def ModifyInstanceMaintenanceOptions(self):
        for state in "disabled", "default":
            made = call("post", "ModifyInstanceMaintenanceOptions", {
                "InstanceId": the.one, "AutoRecovery": state})
            self.assertEqual((made["InstanceId"], made["AutoRecovery"]), (the.one, state))
            self.assertEqual(instance(ec2, the.one)["MaintenanceOptions"]["AutoRecovery"], state)

    def ModifyPrivateDnsNameOptions(self):
        i = call("post", "RunInstances", {
            "ImageId": the.image, "MinCount": 1, "MaxCount": 1,
            "PrivateDnsNameOptions": {"HostnameType": "resource-name"}})["Instances"][0]
        self.assertEqual(i["PrivateDnsName"], i["InstanceId"] + ".ec2.internal")
        by_address = i["NetworkInterfaces"][0]["PrivateDnsName"]
        self.assertTrue(by_address.startswith("ip-"))
        wait_state(ec2, i["InstanceId"], "running")
        self.assertTrue(call("post", "ModifyPrivateDnsNameOptions", {
            "InstanceId": i["InstanceId"], "EnableResourceNameDnsARecord": True})["Return"])
        self.assertEqual(instance(ec2, i["InstanceId"])["PrivateDnsNameOptions"], {
            "HostnameType": "resource-name", "EnableResourceNameDnsARecord": True,
            "EnableResourceNameDnsAAAARecord": False})
        ec2.stop_instances(InstanceIds=[i["InstanceId"]])
        wait_state(ec2, i["InstanceId"], "stopped")
        call("post", "ModifyPrivateDnsNameOptions", {
            "InstanceId": i["InstanceId"], "PrivateDnsHostnameType": "ip-name"})
        self.assertEqual(instance(ec2, i["InstanceId"])["PrivateDnsName"], by_address)
        remove(ec2, i["InstanceId"])

    def ModifyInstanceMetadataDefaults(self):
        self.assertTrue(call("post", "ModifyInstanceMetadataDefaults", {
            "HttpTokens": "required", "HttpPutResponseHopLimit": 2})["Return"])
        found = call("post", "GetInstanceMetadataDefaults", {})["AccountLevel"]
        self.assertEqual((found["HttpTokens"], found["HttpPutResponseHopLimit"]), ("required", 2))
        i = launch(ec2, the.image)
        self.assertEqual(i["MetadataOptions"]["HttpTokens"], "required")
        self.assertEqual(i["MetadataOptions"]["HttpPutResponseHopLimit"], 2)
        call("post", "ModifyInstanceMetadataDefaults", {
            "HttpTokens": "no-preference", "HttpPutResponseHopLimit": -1})
        remove(ec2, i["InstanceId"])

    def ModifyInstanceMetadataOptions(self):
        made = call("post", "ModifyInstanceMetadataOptions", {
            "InstanceId": the.one, "HttpTokens": "required", "HttpPutResponseHopLimit": 3})
        self.assertEqual(made["InstanceId"], the.one)
        self.assertEqual(made["InstanceMetadataOptions"]["State"], "pending")
        now = instance(ec2, the.one)["MetadataOptions"]
        self.assertEqual((now["State"], now["HttpTokens"], now["HttpPutResponseHopLimit"],
                          now["HttpEndpoint"]), ("applied", "required", 3, "enabled"))

    def ModifyInstanceCapacityReservationAttributes(self):
        i = launch(ec2, the.image)["InstanceId"]
        ec2.stop_instances(InstanceIds=[i])
        wait_state(ec2, i, "stopped")
        call("post", "ModifyInstanceCapacityReservationAttributes", {
            "InstanceId": i, "CapacityReservationSpecification": {
                "CapacityReservationPreference": "none"}})
        self.assertEqual(instance(ec2, i)["CapacityReservationSpecification"],
                         {"CapacityReservationPreference": "none"})
        remove(ec2, i)

    def ModifyInstancePlacement(self):
        call("post", "CreatePlacementGroup", {"GroupName": "m", "Strategy": "partition"})
        i = launch(ec2, the.image)["InstanceId"]
        ec2.stop_instances(InstanceIds=[i])
        wait_state(ec2, i, "stopped")
        for params, shown in (({"GroupName": "m", "PartitionNumber": 2}, ("m", 2)),
                              ({"PartitionNumber": 1}, ("m", 1)),
                              ({"GroupName": ""}, ("", None))):
            self.assertTrue(call("post", "ModifyInstancePlacement",
                                 {"InstanceId": i, **params})["Return"])
            placement = instance(ec2, i)["Placement"]
            self.assertEqual((placement["GroupName"], placement.get("PartitionNumber")), shown)
        remove(ec2, i)

    def ResetInstanceAttribute(self):
        call("post", "ModifyInstanceAttribute", {"InstanceId": the.one,
                                                 "SourceDestCheck": {"Value": False}})
        self.assertFalse(instance(ec2, the.one)["SourceDestCheck"])
        call("post", "ResetInstanceAttribute", {"InstanceId": the.one,
                                                "Attribute": "sourceDestCheck"})
        self.assertTrue(instance(ec2, the.one)["SourceDestCheck"])


REFUSED = {
    "DescribeInstanceAttribute": [
        ({"InstanceId": "%one", "Attribute": "height"}, "InvalidParameterValue"),
        ({"InstanceId": MISSING["i"], "Attribute": "kernel"}, "InvalidInstanceID.NotFound")],
    "DescribeInstanceCreditSpecifications": [
        ({"InstanceIds": [MISSING["i"]]}, "InvalidInstanceID.NotFound"),
        ({"Filters": [{"Name": "instance-type", "Values": ["x"]}]}, "InvalidParameterValue")],
    "GetDefaultCreditSpecification": [({"InstanceFamily": "m5"}, "InvalidParameterValue")],
    "GetInstanceMetadataDefaults": [({"DryRun": True}, "DryRunOperation")],
    "ModifyDefaultCreditSpecification": [
        ({"InstanceFamily": "t3", "CpuCredits": "plenty"}, "InvalidParameterValue"),
        ({"InstanceFamily": "t3"}, "MissingParameter")],
    "ModifyInstanceAttribute": [
        ({"InstanceId": "%one", "Groups": [MISSING["sg"]]}, "InvalidGroup.NotFound"),
        ({"InstanceId": "%one"}, "MissingParameter"),
        ({"InstanceId": "%one", "UserData": {"Value": b"x"}}, "IncorrectInstanceState"),
        ({"InstanceId": "%one", "Kernel": {"Value": "aki-12345678"}}, "UnsupportedOperation"),
        ({"InstanceId": "%one", "EbsOptimized": {"Value": True}, "EnaSupport": {"Value": True}},
         "InvalidParameterCombination")],
    "ModifyInstanceCpuOptions": [
        ({"InstanceId": "%one", "CoreCount": 1}, "MissingParameter"),
        ({"InstanceId": "%one", "CoreCount": 1, "ThreadsPerCore": 2}, "IncorrectInstanceState"),
        ({"InstanceId": "%one", "CoreCount": 8, "ThreadsPerCore": 2}, "InvalidParameterValue")],
    "ModifyInstanceCreditSpecification": [
        ({"InstanceCreditSpecifications": [{"InstanceId": "%one", "CpuCredits": "plenty"}]},
         "InvalidParameterValue"),
        ({}, "MissingParameter")],
    "ModifyInstanceMaintenanceOptions": [
        ({"InstanceId": "%one"}, "MissingParameter"),
        ({"InstanceId": "%one", "AutoRecovery": "always"}, "InvalidParameterValue")],
    "ModifyInstanceMetadataDefaults": [
        ({"HttpPutResponseHopLimit": 0}, "InvalidParameterValue"),
        ({"HttpTokens": "none"}, "InvalidParameterValue")],
    "ModifyInstanceMetadataOptions": [
        ({"InstanceId": "%one", "HttpPutResponseHopLimit": 65}, "InvalidParameterValue"),
        ({"InstanceId": "%one", "HttpProtocolIpv6": "sometimes"}, "InvalidParameterValue"),
        ({"InstanceId": MISSING["i"], "HttpTokens": "required"}, "InvalidInstanceID.NotFound")],
    "ModifyInstanceCapacityReservationAttributes": [
        ({"InstanceId": "%one", "CapacityReservationSpecification": {
            "CapacityReservationPreference": "open"}}, "IncorrectInstanceState"),
        ({"InstanceId": MISSING["i"], "CapacityReservationSpecification": {
            "CapacityReservationPreference": "open"}}, "InvalidInstanceID.NotFound")],
    "ModifyInstancePlacement": [
        ({"InstanceId": "%one"}, "MissingParameter"),
        ({"InstanceId": "%one", "GroupName": "near"}, "IncorrectInstanceState"),
        ({"InstanceId": "%one", "Tenancy": "host"}, "UnsupportedOperation"),
        ({"InstanceId": "%one", "HostId": "h-00000000000000001"}, "UnsupportedOperation")],
    "ModifyPrivateDnsNameOptions": [
        ({"InstanceId": "%one"}, "MissingParameter"),
        ({"InstanceId": "%one", "PrivateDnsHostnameType": "own-name"}, "InvalidParameterValue"),
        ({"InstanceId": "%one", "PrivateDnsHostnameType": "resource-name"},
         "IncorrectInstanceState"),
        ({"InstanceId": MISSING["i"], "EnableResourceNameDnsARecord": True},
         "InvalidInstanceID.NotFound")],
    "ResetInstanceAttribute": [
        ({"InstanceId": "%one", "Attribute": "userData"}, "InvalidParameterValue"),
        ({"InstanceId": "%one", "Attribute": "kernel"}, "IncorrectInstanceState"),
        ({"InstanceId": MISSING["i"], "Attribute": "kernel"}, "InvalidInstanceID.NotFound")],
}
