"""How one gets at an instance: key pairs, passwords, its console."""
import base64
import struct

from client import HOST, call, connection, encoded, instance, refusal, request, sign

from .world import MISSING, Scenarios, ec2, the

# ssh-keygen -t ed25519 made this one for this file; its private half was never kept.
PUBLIC_KEY = ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl "
              "someone@example.com")


def console_status(unix=False):
    """The status with which the console answers to a client that wants to type on it."""
    path = f"/v1/console/{the.one}"
    headers = {"Host": "localhost" if unix else HOST, "Connection": "Upgrade",
               "Upgrade": "croft-tunnel"}
    if not unix:
        sign("GET", path, "", headers, b"")
    link = connection(unix)
    link.connect()
    try:
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        link.sock.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        return int(link.sock.recv(100).split()[1])
    finally:
        link.close()


class Access(Scenarios):
    def CreateKeyPair(self):
        for kind, form, begins, fingerprint in (
                ("rsa", "pem", "-----BEGIN RSA PRIVATE KEY-----", r"^([0-9a-f]{2}:){19}[0-9a-f]{2}$"),
                ("ed25519", "pem", "-----BEGIN OPENSSH PRIVATE KEY-----", r"^[A-Za-z0-9+/]{43}=?$"),
                ("ed25519", "ppk", "PuTTY-User-Key-File-", r"^[A-Za-z0-9+/]{43}=?$")):
            name = f"k-{kind}-{form}"
            made = call("post", "CreateKeyPair", {"KeyName": name, "KeyType": kind,
                                                  "KeyFormat": form})
            self.assertTrue(made["KeyMaterial"].startswith(begins), made["KeyMaterial"][:40])
            self.assertRegex(made["KeyFingerprint"], fingerprint)
            self.assertRegex(made["KeyPairId"], r"^key-[0-9a-f]{17}$")
            self.assertEqual(made["KeyName"], name)

    def DeleteKeyPair(self):
        made = call("post", "CreateKeyPair", {"KeyName": "gone", "KeyType": "ed25519"})
        call("post", "DeleteKeyPair", {"KeyPairId": made["KeyPairId"]})
        # Of what is not there as well: EC2 says so.
        call("post", "DeleteKeyPair", {"KeyName": "gone"})
        self.assertEqual(refusal(ec2.describe_key_pairs, KeyNames=["gone"]).code,
                         "InvalidKeyPair.NotFound")

    def DescribeKeyPairs(self):
        made = call("post", "CreateKeyPair", {"KeyName": "d", "KeyType": "ed25519"})
        found = call("post", "DescribeKeyPairs", {"KeyNames": ["d"], "IncludePublicKey": True})
        pair = found["KeyPairs"][0]
        self.assertEqual((pair["KeyPairId"], pair["KeyFingerprint"], pair["KeyType"]),
                         (made["KeyPairId"], made["KeyFingerprint"], "ed25519"))
        self.assertTrue(pair["PublicKey"].startswith("ssh-ed25519 "))
        self.assertNotIn("PublicKey", call("post", "DescribeKeyPairs", {})["KeyPairs"][0])

    def DescribeInstanceConnectEndpoints(self):
        self.assertEqual(call("post", "DescribeInstanceConnectEndpoints", {
            "Filters": [{"Name": "vpc-id", "Values": [the.vpc]}]}), {"InstanceConnectEndpoints": []})

    def DisableSerialConsoleAccess(self):
        self.assertFalse(call("post", "DisableSerialConsoleAccess", {})
                         ["SerialConsoleAccessEnabled"])
        # The console itself over the network, with a signature that is right.
        refused = request("GET", f"/v1/console/{the.one}", headers={
            "Connection": "Upgrade", "Upgrade": "croft-tunnel"})
        self.assertEqual((refused.status, refused.fault()[0]), (403, "UnauthorizedOperation"))
        self.assertIn("EnableSerialConsoleAccess", refused.fault()[1])

    def EnableSerialConsoleAccess(self):
        self.assertTrue(call("post", "EnableSerialConsoleAccess", {})["SerialConsoleAccessEnabled"])
        self.assertEqual(console_status(), 101)
        call("post", "DisableSerialConsoleAccess", {})
        self.assertEqual(console_status(), 403)
        self.assertEqual(console_status(unix=True), 101)  # at the server itself it always answers

    def GetConsoleOutput(self):
        found = call("post", "GetConsoleOutput", {"InstanceId": the.one})
        self.assertIn(encoded(f"{the.one} login:")[:16], found["Output"])

    def GetConsoleScreenshot(self):
        seen = call("post", "GetConsoleScreenshot", {"InstanceId": the.one})
        self.assertEqual(seen["InstanceId"], the.one)
        picture = base64.b64decode(seen["ImageData"], validate=True)
        self.assertEqual((picture[:3], picture[-2:]), (b"\xff\xd8\xff", b"\xff\xd9"))
        # The frame header says precision, height and width; the fake's guests have a screen of text.
        frame = picture.index(b"\xff\xc0\x00\x11\x08") + 5
        self.assertEqual(struct.unpack(">2H", picture[frame:frame + 4]), (400, 720))
        woken = call("post", "GetConsoleScreenshot", {"InstanceId": the.one, "WakeUp": True})
        self.assertNotEqual(woken["ImageData"], seen["ImageData"])

    def GetPasswordData(self):
        found = call("post", "GetPasswordData", {"InstanceId": the.one})
        self.assertEqual((found["InstanceId"], found["PasswordData"]), (the.one, ""))
        self.assertEqual(found["Timestamp"], instance(ec2, the.one)["LaunchTime"])

    def GetSerialConsoleAccessStatus(self):
        self.assertEqual(call("post", "GetSerialConsoleAccessStatus", {}),
                         {"SerialConsoleAccessEnabled": False})

    def ImportKeyPair(self):
        made = call("post", "ImportKeyPair", {"KeyName": "imported",
                                              "PublicKeyMaterial": PUBLIC_KEY.encode()})
        self.assertRegex(made["KeyFingerprint"], r"^[A-Za-z0-9+/]{43}=?$")
        found = call("post", "DescribeKeyPairs", {"KeyPairIds": [made["KeyPairId"]],
                                                  "IncludePublicKey": True})["KeyPairs"][0]
        self.assertEqual(found["PublicKey"].split()[:2], PUBLIC_KEY.split()[:2])


REFUSED = {
    "CreateKeyPair": [({}, "MissingParameter"),
                      ({"KeyName": "x", "KeyType": "dsa"}, "InvalidParameterValue"),
                      ({"KeyName": " x"}, "InvalidParameterValue")],
    "DeleteKeyPair": [({}, "MissingParameter"),
                      ({"KeyName": "a", "KeyPairId": "key-00000001"},
                       "InvalidParameterCombination")],
    "DescribeKeyPairs": [({"KeyNames": ["nobody"]}, "InvalidKeyPair.NotFound"),
                         ({"Filters": [{"Name": "Key-Name", "Values": ["x"]}]},
                          "InvalidParameterValue")],
    "DisableSerialConsoleAccess": [({"DryRun": True}, "DryRunOperation")],
    "EnableSerialConsoleAccess": [({"DryRun": True}, "DryRunOperation")],
    "DescribeInstanceConnectEndpoints": [
        ({"InstanceConnectEndpointIds": ["eice-0123456789abcdef0"]},
         "InvalidInstanceConnectEndpointId.NotFound"),
        ({"InstanceConnectEndpointIds": ["i-1"]}, "InvalidInstanceConnectEndpointId.Malformed")],
    "GetConsoleOutput": [({"InstanceId": MISSING["i"]}, "InvalidInstanceID.NotFound")],
    "GetConsoleScreenshot": [({"InstanceId": MISSING["i"]}, "InvalidInstanceID.NotFound"), ({}, "MissingParameter")],
    "GetPasswordData": [({"InstanceId": MISSING["i"]}, "InvalidInstanceID.NotFound")],
    "GetSerialConsoleAccessStatus": [({"DryRun": True}, "DryRunOperation")],
    "ImportKeyPair": [({"KeyName": "x", "PublicKeyMaterial": b"hello"}, "InvalidKey.Format"),
                      ({"KeyName": "x"}, "MissingParameter")],
}
