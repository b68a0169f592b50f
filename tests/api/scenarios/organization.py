"""Accounts, and what each may have."""
import json

from client import call, refusal, request, understand

from .world import Scenarios

made = {}
NO_LIMIT = 1000000000
NOBODY = {"AccountId": "000000000000"}
VCPUS = {"ServiceCode": "ec2", "QuotaCode": "L-1216C47A"}


def ask(action, params):
    """With members of Croft's own, which no SDK would send."""
    return understand("rest", action, request("POST", path="/v1/" + action, body=json.dumps(params),
                                              headers={"Content-Type": "application/json"}, service="servicequotas"))


def new_account(name):
    status = call("post", "CreateAccount", {"AccountName": name, "Email": f"{name}@example.com"})[
        "CreateAccountStatus"]
    return made.setdefault(name, status)


def account():
    """One that the scenarios share."""
    return made.get("ada") or new_account("ada")


class Organization(Scenarios):
    def CreateAccount(self):
        status = new_account("grace")
        self.assertRegex(status["AccountId"], r"^\d{12}$")
        self.assertRegex(status["Id"], r"^car-[0-9a-f]{17}$")
        self.assertEqual((status["State"], status["AccountName"]), ("SUCCEEDED", "grace"))
        twice = refusal(call, "post", "CreateAccount", {"AccountName": "other", "Email": "GRACE@example.com"})
        self.assertEqual(twice.code, "ConstraintViolationException")

    def CloseAccount(self):
        closed = new_account("closed")["AccountId"]
        self.assertEqual(call("post", "CloseAccount", {"AccountId": closed}), {})
        self.assertEqual(call("post", "DescribeAccount", {"AccountId": closed})["Account"]["Status"], "SUSPENDED")
        self.assertEqual(refusal(call, "post", "CloseAccount", {"AccountId": closed}).code,
                         "AccountAlreadyClosedException")

    def DescribeAccount(self):
        found = call("post", "DescribeAccount", {"AccountId": account()["AccountId"]})["Account"]
        self.assertEqual((found["Name"], found["Email"], found["Status"], found["JoinedMethod"]),
                         ("ada", "ada@example.com", "ACTIVE", "CREATED"))

    def DescribeCreateAccountStatus(self):
        self.assertEqual(call("post", "DescribeCreateAccountStatus", {"CreateAccountRequestId": account()["Id"]}),
                         {"CreateAccountStatus": account()})

    def DescribeOrganization(self):
        found = call("post", "DescribeOrganization", {})["Organization"]
        owner = call("post", "GetCallerIdentity", {})["Account"]
        self.assertEqual((found["MasterAccountId"], found["FeatureSet"]), (owner, "ALL"))

    def ListAccounts(self):
        account()
        token, names = None, []
        while True:
            page = call("post", "ListAccounts", {"MaxResults": 1, **({"NextToken": token} if token else {})})
            names += [each["Name"] for each in page["Accounts"]]
            token = page.get("NextToken")
            if not token:
                break
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual({"owner", "ada"}, set(names))

    def ListCreateAccountStatus(self):
        account()
        found = call("post", "ListCreateAccountStatus", {"States": ["SUCCEEDED"]})["CreateAccountStatuses"]
        self.assertIn(account(), found)
        self.assertEqual(call("post", "ListCreateAccountStatus", {"States": ["FAILED"]})["CreateAccountStatuses"], [])


class Quotas(Scenarios):
    def of(self, account_id):
        return ask("GetServiceQuota", {**VCPUS, "AccountId": account_id})["Quota"]["Value"]

    def ask_for_more(self):
        return call("post", "RequestServiceQuotaIncrease", {**VCPUS, "DesiredValue": NO_LIMIT})["RequestedQuota"]

    def GetServiceQuota(self):
        self.assertEqual(call("post", "GetServiceQuota", VCPUS)["Quota"]["Value"], NO_LIMIT)
        self.assertEqual(call("post", "GetServiceQuota", {"ServiceCode": "ec2", "QuotaCode": "L-0263D0A3"})[
            "Quota"]["Value"], 5)

    def GetAWSDefaultServiceQuota(self):
        self.assertEqual(call("post", "GetAWSDefaultServiceQuota", VCPUS)["Quota"]["Value"], NO_LIMIT)

    def ListServices(self):
        self.assertEqual([each["ServiceCode"] for each in call("post", "ListServices", {})["Services"]],
                         ["ebs", "ec2", "vpc"])

    def ListServiceQuotas(self):
        found = call("post", "ListServiceQuotas", {"ServiceCode": "ec2"})["Quotas"]
        codes = [each["QuotaCode"] for each in found]
        self.assertEqual(codes, sorted(codes))
        self.assertLessEqual({"L-1216C47A", "L-34B43A08", "L-0263D0A3"}, set(codes))

    def ListAWSDefaultServiceQuotas(self):
        found = call("post", "ListAWSDefaultServiceQuotas", {"ServiceCode": "vpc"})["Quotas"]
        self.assertEqual([(each["QuotaCode"], each["Value"]) for each in found], [("L-F678F1CE", 100)])

    def RequestServiceQuotaIncrease(self):
        asked = self.ask_for_more()
        self.assertEqual((asked["Status"], asked["DesiredValue"]), ("APPROVED", NO_LIMIT))
        of = account()["AccountId"]
        for value in (7, 3):
            asked = ask("RequestServiceQuotaIncrease", {**VCPUS, "DesiredValue": value, "AccountId": of})
            self.assertEqual(asked["RequestedQuota"]["Status"], "APPROVED")
            self.assertEqual(self.of(of), value)
        for wrong in ({"QuotaCode": "L-0"}, NOBODY):
            self.assertEqual(refusal(ask, "RequestServiceQuotaIncrease", {**VCPUS, "DesiredValue": 7, **wrong}).code,
                             "NoSuchResourceException")

    def GetRequestedServiceQuotaChange(self):
        asked = self.ask_for_more()
        self.assertEqual(call("post", "GetRequestedServiceQuotaChange", {"RequestId": asked["Id"]}),
                         {"RequestedQuota": asked})

    def ListRequestedServiceQuotaChangeHistory(self):
        asked = self.ask_for_more()
        found = call("post", "ListRequestedServiceQuotaChangeHistory", {"ServiceCode": "ec2", "Status": "APPROVED"})
        self.assertIn(asked, found["RequestedQuotas"])
        found = call("post", "ListRequestedServiceQuotaChangeHistory", {"ServiceCode": "ebs"})
        self.assertEqual(found["RequestedQuotas"], [])


REFUSED = {
    "CloseAccount": [(NOBODY, "AccountNotFoundException")],
    "CreateAccount": [({"AccountName": "x", "Email": "nowhere"}, "InvalidInputException"),
                      ({"AccountName": "x", "Email": "x@example.com", "RoleName": "a b"}, "InvalidInputException"),
                      ({"AccountName": "x"}, "InvalidInputException")],
    "DescribeAccount": [(NOBODY, "AccountNotFoundException")],
    "DescribeCreateAccountStatus": [({"CreateAccountRequestId": "car-0"}, "CreateAccountStatusNotFoundException")],
    "DescribeOrganization": [({"secret": "wrong"}, "InvalidSignatureException")],
    "ListAccounts": [({"NextToken": "x"}, "InvalidInputException")],
    "ListCreateAccountStatus": [({"NextToken": "x"}, "InvalidInputException")],
    "GetAWSDefaultServiceQuota": [({"ServiceCode": "ec2", "QuotaCode": "L-0"}, "NoSuchResourceException")],
    "GetRequestedServiceQuotaChange": [({"RequestId": "qr-0"}, "NoSuchResourceException")],
    "GetServiceQuota": [({"ServiceCode": "s3", "QuotaCode": "L-0"}, "NoSuchResourceException")],
    "ListAWSDefaultServiceQuotas": [({"ServiceCode": "s3"}, "NoSuchResourceException")],
    "ListRequestedServiceQuotaChangeHistory": [({"NextToken": "x"}, "InvalidPaginationTokenException")],
    "ListServiceQuotas": [({"ServiceCode": "s3"}, "NoSuchResourceException")],
    "ListServices": [({"NextToken": "x"}, "InvalidPaginationTokenException")],
    "RequestServiceQuotaIncrease": [({**VCPUS, "DesiredValue": 0}, "IllegalArgumentException"),
                                    ({**VCPUS, "DesiredValue": 1.5}, "IllegalArgumentException")],
}
