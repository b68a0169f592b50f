"""Images: registered, described, shared, given up."""
from client import call, client, refusal, register_image, until, upload

from .world import MISSING, Scenarios, ec2, the


class Images(Scenarios):
    def DeregisterImage(self):
        made = register_image("gone")
        call("post", "DeregisterImage", {"ImageId": made})
        self.assertNotIn(made, [i["ImageId"] for i in ec2.describe_images()["Images"]])
        self.assertEqual(refusal(ec2.run_instances, ImageId=made, MinCount=1, MaxCount=1).code[:12],
                         "InvalidAMIID")

    def DescribeImages(self):
        found = call("post", "DescribeImages", {"ImageIds": [the.image], "Owners": ["self"]})["Images"]
        self.assertEqual((found[0]["Name"], found[0]["State"], found[0]["RootDeviceName"],
                          found[0]["Architecture"]),
                         ("actions", "available", "/dev/xvda", "x86_64"))
        self.assertTrue(found[0]["ImageLocation"])
        none = call("post", "DescribeImages", {"ImageIds": [the.image], "Owners": ["amazon"]})
        self.assertEqual(none["Images"], [])

    def DescribeImageAttribute(self):
        for name in client().meta.service_model.shape_for("ImageAttributeName").enum:
            found = call("post", "DescribeImageAttribute", {"ImageId": the.image, "Attribute": name})
            self.assertEqual(found["ImageId"], the.image, name)
        launched = call("post", "DescribeImageAttribute", {
            "ImageId": the.image, "Attribute": "lastLaunchedTime"})["LastLaunchedTime"]["Value"]
        self.assertRegex(launched, r"^20\d\d-.*Z$")

    def DescribeImportImageTasks(self):
        self.none("ImportImageTasks", filters="task-state")

    def ModifyImageAttribute(self):
        made = register_image("shared")
        call("post", "ModifyImageAttribute", {"ImageId": made, "Description": {"Value": "é"}})
        call("post", "ModifyImageAttribute", {"ImageId": made, "LaunchPermission": {
            "Add": [{"Group": "all"}]}})
        found = ec2.describe_images(ImageIds=[made], ExecutableUsers=["all"])["Images"][0]
        self.assertEqual((found["Description"], found["Public"]), ("é", True))
        self.assertEqual(call("post", "DescribeImageAttribute", {
            "ImageId": made, "Attribute": "launchPermission"})["LaunchPermissions"],
            [{"Group": "all"}])
        # The form of old: ec2-modify-image-attribute's
        call("post", "ModifyImageAttribute", {
            "ImageId": made, "Attribute": "launchPermission", "OperationType": "remove",
            "UserGroups": ["all"]})
        self.assertFalse(ec2.describe_images(ImageIds=[made])["Images"][0]["Public"])
        call("post", "DeregisterImage", {"ImageId": made})

    def ResetImageAttribute(self):
        made = register_image("reset")
        call("post", "ModifyImageAttribute", {"ImageId": made, "LaunchPermission": {
            "Add": [{"Group": "all"}]}})
        call("post", "ResetImageAttribute", {"ImageId": made, "Attribute": "launchPermission"})
        self.assertFalse(ec2.describe_images(ImageIds=[made])["Images"][0]["Public"])
        call("post", "DeregisterImage", {"ImageId": made})

    def EnableImageBlockPublicAccess(self):
        made = register_image("nobody's but ours")
        share = {"ImageId": made, "LaunchPermission": {"Add": [{"Group": "all"}]}}
        old = {"ImageId": made, "Attribute": "launchPermission", "OperationType": "add",
               "UserGroups": ["all"]}
        self.assertEqual(call("post", "EnableImageBlockPublicAccess", {
            "ImageBlockPublicAccessState": "block-new-sharing"}),
            {"ImageBlockPublicAccessState": "block-new-sharing"})
        for way in share, old:
            self.assertEqual(refusal(call, "post", "ModifyImageAttribute", way).code,
                             "OperationNotPermitted")
        self.assertFalse(ec2.describe_images(ImageIds=[made])["Images"][0]["Public"])
        call("post", "DisableImageBlockPublicAccess", {})
        call("post", "ModifyImageAttribute", share)
        self.assertTrue(ec2.describe_images(ImageIds=[made])["Images"][0]["Public"])
        call("post", "DeregisterImage", {"ImageId": made})

    def DisableImageBlockPublicAccess(self):
        self.assertEqual(call("post", "DisableImageBlockPublicAccess", {}),
                         {"ImageBlockPublicAccessState": "unblocked"})

    def GetImageBlockPublicAccessState(self):
        self.assertEqual(call("post", "GetImageBlockPublicAccessState", {}),
                         {"ImageBlockPublicAccessState": "unblocked", "ManagedBy": "account"})

    def RegisterImage(self):
        made = call("post", "RegisterImage", {"Name": "registered", "Description": "é",
                                              "ImageLocation": "upload:" + upload()})
        until(lambda: ec2.describe_images(ImageIds=[made["ImageId"]])["Images"][0]["State"]
              == "available")
        # What is no disk image fails, and says why.
        bad = call("post", "RegisterImage", {"Name": "a text",
                                             "ImageLocation": "upload:" + upload(b"hello " * 200)})
        found = until(lambda: [i for i in ec2.describe_images(ImageIds=[bad["ImageId"]])["Images"]
                               if i["State"] != "pending"])
        self.assertEqual(found[0]["State"], "failed")
        self.assertIn("no disk image", found[0]["StateReason"]["Message"])
        self.assertEqual(refusal(ec2.run_instances, ImageId=bad["ImageId"], MinCount=1, MaxCount=1)
                         .code, "InvalidAMIID.Unavailable")


REFUSED = {
    "DescribeImageAttribute": [
        ({"ImageId": MISSING["ami"], "Attribute": "description"}, "InvalidAMIID.NotFound"),
        ({"ImageId": "%image", "Attribute": "height"}, "InvalidParameterValue")],
    "DescribeImportImageTasks": [({"ImportTaskIds": ["import-ami-1"]}, "InvalidConversionTaskId")],
    "ModifyImageAttribute": [
        ({"ImageId": "%image"}, "InvalidParameterCombination"),
        ({"ImageId": "%image", "LaunchPermission": {"Add": [{"UserId": "210987654321"}]}},
         "InvalidAMIAttributeItemValue"),
        ({"ImageId": "%image", "Attribute": "launchPermission", "OperationType": "add",
          "UserGroups": ["some"]}, "InvalidAMIAttributeItemValue"),
        ({"ImageId": MISSING["ami"], "Description": {"Value": "x"}}, "InvalidAMIID.NotFound")],
    "ResetImageAttribute": [
        ({"ImageId": MISSING["ami"], "Attribute": "launchPermission"}, "InvalidAMIID.NotFound"),
        ({"ImageId": "%image"}, "MissingParameter")],
    "DeregisterImage": [({"ImageId": MISSING["ami"]}, "InvalidAMIID.NotFound"),
                        ({"ImageId": "ami-?"}, "InvalidAMIID.Malformed")],
    "DescribeImages": [({"ImageIds": [MISSING["ami"]]}, "InvalidAMIID.NotFound"),
                       ({"ImageIds": ["i-1"]}, "InvalidAMIID.Malformed")],
    "DisableImageBlockPublicAccess": [({"DryRun": True}, "DryRunOperation")],
    "EnableImageBlockPublicAccess": [
        ({"ImageBlockPublicAccessState": "unblocked"}, "InvalidParameterValue")],
    "GetImageBlockPublicAccessState": [({"DryRun": True}, "DryRunOperation")],
    "RegisterImage": [
        ({"Name": "actions", "ImageLocation": "upload:" + "0" * 8 + "-0000-0000-0000-" + "0" * 12},
         "InvalidAMIName.Duplicate"),
        ({"Name": "x<y>", "ImageLocation": "upload:x"}, "InvalidAMIName.Malformed"),
        ({"Name": "fine", "ImageLocation": "bucket/manifest.xml"}, "InvalidParameterValue"),
        ({"Name": "fine"}, "MissingParameter")],
}
