"""EC2 Instance Connect: keys that are good for a minute."""
from client import call, refusal

from .access import PUBLIC_KEY
from .world import MISSING, Scenarios, ec2, the


class InstanceConnect(Scenarios):
    def SendSSHPublicKey(self):
        sent = call("post", "SendSSHPublicKey", {
            "InstanceId": the.one, "InstanceOSUser": "ec2-user", "SSHPublicKey": PUBLIC_KEY,
            "AvailabilityZone": ec2.describe_instances(InstanceIds=[the.one])[
                "Reservations"][0]["Instances"][0]["Placement"]["AvailabilityZone"]})
        self.assertIs(sent["Success"], True)
        self.assertRegex(sent["RequestId"], "^[0-9a-f-]{36}$")

    def SendSerialConsoleSSHPublicKey(self):
        params = {"InstanceId": the.one, "SSHPublicKey": PUBLIC_KEY}
        error = refusal(call, "post", "SendSerialConsoleSSHPublicKey", params)
        self.assertEqual((error.code, error.status), ("SerialConsoleAccessDisabledException", 400))
        call("post", "EnableSerialConsoleAccess", {})
        self.assertIs(call("post", "SendSerialConsoleSSHPublicKey", params)["Success"], True)
        call("post", "DisableSerialConsoleAccess", {})


REFUSED = {
    "SendSSHPublicKey": [
        ({"InstanceId": MISSING["i"], "InstanceOSUser": "ec2-user", "SSHPublicKey": PUBLIC_KEY},
         "EC2InstanceNotFoundException"),
        ({"InstanceId": "i-xyz", "InstanceOSUser": "ec2-user", "SSHPublicKey": PUBLIC_KEY}, "InvalidArgsException"),
        ({"InstanceId": "%one", "InstanceOSUser": "ec2 user", "SSHPublicKey": PUBLIC_KEY}, "InvalidArgsException"),
        ({"InstanceId": "%one", "InstanceOSUser": "x" * 33, "SSHPublicKey": PUBLIC_KEY}, "InvalidArgsException"),
        ({"InstanceId": "%one", "InstanceOSUser": "ec2-user", "SSHPublicKey": PUBLIC_KEY[:70]}, "InvalidArgsException"),
        ({"InstanceId": "%one", "InstanceOSUser": "ec2-user", "SSHPublicKey": PUBLIC_KEY.replace("I", "i")},
         "InvalidArgsException"),
        ({"InstanceId": "%one", "InstanceOSUser": "ec2-user"}, "InvalidArgsException"),
        ({"InstanceId": "%one", "InstanceOSUser": "ec2-user", "SSHPublicKey": PUBLIC_KEY,
          "AvailabilityZone": "eu-west-9z"}, "InvalidArgsException")],
    "SendSerialConsoleSSHPublicKey": [
        ({"InstanceId": MISSING["i"], "SSHPublicKey": PUBLIC_KEY}, "EC2InstanceNotFoundException"),
        ({"InstanceId": "%one", "SSHPublicKey": PUBLIC_KEY, "SerialPort": 1}, "InvalidArgsException")],
}
