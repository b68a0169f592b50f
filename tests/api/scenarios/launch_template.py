"""Launch templates and their versions."""
from client import call, refusal

from .world import MISSING, Scenarios, ec2, the


def template(name, **data):
    """The id of a new launch template."""
    made = call("post", "CreateLaunchTemplate", {
        "LaunchTemplateName": name, "LaunchTemplateData": data or {"InstanceType": "t3.nano"}})
    return made["LaunchTemplate"]["LaunchTemplateId"]


class LaunchTemplates(Scenarios):
    def CreateLaunchTemplate(self):
        made = call("post", "CreateLaunchTemplate", {
            "LaunchTemplateName": "web", "VersionDescription": "é", "TagSpecifications": [
                {"ResourceType": "launch-template", "Tags": [{"Key": "k", "Value": "v"}]}],
            "LaunchTemplateData": {"ImageId": MISSING["ami"], "InstanceType": "t3.nano"}})
        made_of = made["LaunchTemplate"]
        self.assertRegex(made_of["LaunchTemplateId"], r"^lt-[0-9a-f]{17}$")
        self.assertEqual((made_of["DefaultVersionNumber"], made_of["LatestVersionNumber"],
                          made_of["Tags"]), (1, 1, [{"Key": "k", "Value": "v"}]))
        self.assertTrue(made_of["CreatedBy"].startswith("arn:aws:iam::"))
        self.assertEqual([e["Code"] for e in made["Warning"]["Errors"]], ["InvalidAMIID.NotFound"])

    def CreateLaunchTemplateVersion(self):
        made = template("versions", ImageId=the.image, InstanceType="t3.nano")
        done = call("post", "CreateLaunchTemplateVersion", {
            "LaunchTemplateId": made, "SourceVersion": "1", "VersionDescription": "larger",
            "LaunchTemplateData": {"InstanceType": "t3.small"}})["LaunchTemplateVersion"]
        self.assertEqual((done["VersionNumber"], done["DefaultVersion"], done["VersionDescription"],
                          done["LaunchTemplateName"]), (2, False, "larger", "versions"))
        self.assertEqual(done["LaunchTemplateData"], {"ImageId": the.image, "InstanceType": "t3.small"})

    def DeleteLaunchTemplate(self):
        made = template("gone")
        done = call("post", "DeleteLaunchTemplate", {"LaunchTemplateName": "gone"})
        self.assertEqual(done["LaunchTemplate"]["LaunchTemplateId"], made)
        self.assertEqual(refusal(ec2.describe_launch_templates, LaunchTemplateIds=[made]).code,
                         "InvalidLaunchTemplateId.NotFound")

    def DeleteLaunchTemplateVersions(self):
        made = template("fewer")
        ec2.create_launch_template_version(LaunchTemplateId=made, LaunchTemplateData={"KeyName": "x"})
        done = call("post", "DeleteLaunchTemplateVersions", {
            "LaunchTemplateId": made, "Versions": ["1", "2", "3"]})
        self.assertEqual(done["SuccessfullyDeletedLaunchTemplateVersions"], [
            {"LaunchTemplateId": made, "LaunchTemplateName": "fewer", "VersionNumber": 2}])
        self.assertEqual({e["VersionNumber"]: e["ResponseError"]["Code"]
                          for e in done["UnsuccessfullyDeletedLaunchTemplateVersions"]},
                         {1: "unexpectedError", 3: "launchTemplateVersionDoesNotExist"})
        done = call("post", "DeleteLaunchTemplateVersions", {
            "LaunchTemplateId": MISSING["lt"], "Versions": ["1"]})
        self.assertEqual(done["SuccessfullyDeletedLaunchTemplateVersions"], [])
        self.assertEqual(done["UnsuccessfullyDeletedLaunchTemplateVersions"][0]["ResponseError"]["Code"],
                         "launchTemplateIdDoesNotExist")

    def DescribeLaunchTemplateVersions(self):
        made = template("described", ImageId=the.image)
        found = call("post", "DescribeLaunchTemplateVersions", {"LaunchTemplateName": "described"})
        version = found["LaunchTemplateVersions"][0]
        self.assertEqual((version["LaunchTemplateId"], version["VersionNumber"],
                          version["DefaultVersion"]), (made, 1, True))
        self.assertEqual(version["LaunchTemplateData"], {"ImageId": the.image})
        found = call("post", "DescribeLaunchTemplateVersions", {"Versions": ["$Default"], "Filters": [
            {"Name": "image-id", "Values": [the.image]}]})["LaunchTemplateVersions"]
        self.assertIn(made, [version["LaunchTemplateId"] for version in found])

    def DescribeLaunchTemplates(self):
        made = template("listed")
        found = call("post", "DescribeLaunchTemplates", {"LaunchTemplateNames": ["listed"]})
        self.assertEqual([t["LaunchTemplateId"] for t in found["LaunchTemplates"]], [made])
        found = call("post", "DescribeLaunchTemplates", {"Filters": [
            {"Name": "launch-template-name", "Values": ["list?d"]}]})
        self.assertEqual([t["LaunchTemplateId"] for t in found["LaunchTemplates"]], [made])

    def GetLaunchTemplateData(self):
        found = call("post", "GetLaunchTemplateData", {"InstanceId": the.one})["LaunchTemplateData"]
        self.assertEqual((found["ImageId"], found["BlockDeviceMappings"][0]["DeviceName"]),
                         (the.image, "/dev/xvda"))

    def ModifyLaunchTemplate(self):
        made = template("modified")
        ec2.create_launch_template_version(LaunchTemplateId=made, LaunchTemplateData={"KeyName": "x"})
        done = call("post", "ModifyLaunchTemplate", {"LaunchTemplateId": made, "DefaultVersion": "2"})
        self.assertEqual(done["LaunchTemplate"]["DefaultVersionNumber"], 2)


REFUSED = {
    "CreateLaunchTemplate": [
        ({"LaunchTemplateName": "abc"}, "MissingParameter"),
        ({"LaunchTemplateName": "ab", "LaunchTemplateData": {"KeyName": "x"}},
         "InvalidLaunchTemplateName.MalformedException"),
        ({"LaunchTemplateName": "a b c", "LaunchTemplateData": {"KeyName": "x"}},
         "InvalidLaunchTemplateName.MalformedException"),
        ({"LaunchTemplateName": "abc", "LaunchTemplateData": {"ImageId": "debian"}},
         "InvalidAMIID.Malformed"),
        ({"LaunchTemplateName": "abc", "LaunchTemplateData": {"UserData": "#!"}},
         "InvalidUserData.Malformed"),
        ({"LaunchTemplateName": "abc", "LaunchTemplateData": {"KernelId": "aki-12345678"}},
         "UnsupportedOperation")],
    "CreateLaunchTemplateVersion": [
        ({"LaunchTemplateData": {"KeyName": "x"}}, "MissingParameter"),
        ({"LaunchTemplateId": MISSING["lt"], "LaunchTemplateData": {"KeyName": "x"}},
         "InvalidLaunchTemplateId.NotFound"),
        ({"LaunchTemplateName": "nobody", "LaunchTemplateData": {"KeyName": "x"}},
         "InvalidLaunchTemplateName.NotFoundException"),
        ({"LaunchTemplateId": "lt-x", "LaunchTemplateData": {"KeyName": "x"}},
         "InvalidLaunchTemplateId.Malformed")],
    "DeleteLaunchTemplate": [({"LaunchTemplateId": MISSING["lt"]},
                              "InvalidLaunchTemplateId.NotFound"),
                             ({"LaunchTemplateId": MISSING["lt"], "LaunchTemplateName": "abc"},
                              "InvalidParameterCombination")],
    "DeleteLaunchTemplateVersions": [
        ({"LaunchTemplateId": MISSING["lt"], "Versions": ["$Latest"]}, "InvalidParameterValue"),
        ({"LaunchTemplateId": "lt-x", "Versions": ["1"]}, "InvalidLaunchTemplateId.Malformed"),
        ({"Versions": ["1"]}, "MissingParameter")],
    "DescribeLaunchTemplateVersions": [
        ({"LaunchTemplateId": MISSING["lt"]}, "InvalidLaunchTemplateId.NotFound"),
        ({"Versions": ["1"]}, "InvalidParameterCombination"), ({}, "MissingParameter")],
    "DescribeLaunchTemplates": [
        ({"LaunchTemplateNames": ["nobody"]}, "InvalidLaunchTemplateName.NotFoundException"),
        ({"MaxResults": 201}, "InvalidParameterValue")],
    "GetLaunchTemplateData": [({"InstanceId": MISSING["i"]}, "InvalidInstanceID.NotFound")],
    "ModifyLaunchTemplate": [
        ({"LaunchTemplateId": MISSING["lt"], "DefaultVersion": "1"},
         "InvalidLaunchTemplateId.NotFound")],
}
