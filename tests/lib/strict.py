"""Strictness: what is wrong with a reply, against the output shapes that botocore carries.

An element or key that botocore does not know, a list that lacks at the top, a value of another type
or an empty number is a problem. Replies of the tests' own clients are read so as they come
(tests/api/client.py), those of all other clients from the recorded traffic (replies.py).
"""
import functools
import json
import os
import re
import sys
import threading
import xml.etree.ElementTree as ElementTree

import botocore.model
import botocore.session

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path.insert(0, os.path.join(TREE, "lib", "wire"))
from model_text import BOTOCORE_NAMES, as_query, read_model, services  # noqa: E402

VERSION = "2016-11-15"
with open(os.path.join(TREE, "lib", "api", "actions.def"), encoding="utf-8") as rows:
    SERVICES = {name: service.replace("_", "-")
                for service, name in re.findall(r"^ACTION\((\w+), (\w+),", rows.read(), re.M)}
PREFIXES = {service: read_model(os.path.join(TREE, "lib", "wire", service + ".model")).target
            for service in set(SERVICES.values())}

# --- models -----------------------------------------------------------------------------------

NEWER_OPERATIONS = os.path.join(TREE, "tests", "lib", "newer.json")
_session = botocore.session.get_session()
MODELS = {}
JSON_MODELS = {}
model_lock = threading.Lock()


def _plain(model):
    """The same shapes without names of their own on the wire: what the JSON doors speak."""
    model = json.loads(json.dumps(model))
    for shape in model["shapes"].values():
        shape.pop("locationName", None)
        for member in list(shape.get("members", {}).values()) + [shape.get("member", {})]:
            member.pop("locationName", None)
            member.pop("queryName", None)
    return model


def model_of(service):
    with model_lock:
        return _load(service)


def _load(service):
    if service not in MODELS:
        loader = _session.get_component("data_loader")
        raw = loader.load_service_model(BOTOCORE_NAMES.get(service, service), "service-2")
        if service == "ec2":  # operations that this botocore does not have: newer_operations.py
            with open(NEWER_OPERATIONS, encoding="utf-8") as file:
                newer = json.load(file)
            raw = dict(raw, operations={**newer["operations"], **raw["operations"]},
                       shapes={**newer["shapes"], **raw["shapes"], **newer["grown"]})
        MODELS[service] = botocore.model.ServiceModel(as_query(raw), service)
        raw = _plain(raw)
        raw["metadata"].update(protocol="json", jsonVersion="1.1", targetPrefix=PREFIXES[service])
        raw["metadata"].pop("protocols", None)
        JSON_MODELS[service] = botocore.model.ServiceModel(raw, service)
    return MODELS[service]


def service_of(action):
    return SERVICES.get(action, "ec2")


def operation(action):
    return model_of(service_of(action)).operation_model(action)


# --- XML --------------------------------------------------------------------------------------

# Members that EC2 has got since botocore 1.29, which Debian 12 has: all of them are in 1.43.
NEWER = {
    "Account": {"State"},
    "CapacityReservation": {"reservationType"},
    "CreateSecurityGroupResult": {"securityGroupArn"},
    "GetSerialConsoleAccessStatusResult": {"managedBy"},
    "Instance": {"currentInstanceBootMode"},
    "InstanceMaintenanceOptions": {"rebootMigration"},
    "InstanceStatus": {"attachedEbsStatus", "availabilityZoneId"},
    "InstanceTypeInfo": {"nitroEnclavesSupport", "nitroTpmSupport", "phcSupport",
                         "rebootMigrationSupport"},
    "ListServiceSpecificCredentialsResponse": {"IsTruncated"},
    "ModifyInstanceMaintenanceOptionsResult": {"rebootMigration"},
    "NetworkInterface": {"availabilityZoneId"},
    "RequestedServiceQuotaChange": {"QuotaRequestedAtLevel"},
    "ServiceQuota": {"QuotaAppliedAtLevel"},
    "Placement": {"availabilityZoneId"},
    "ProcessorInfo": {"manufacturer"},
    "RevokeSecurityGroupEgressResult": {"revokedSecurityGroupRuleSet"},
    "RevokeSecurityGroupIngressResult": {"revokedSecurityGroupRuleSet"},
    "SecurityGroup": {"securityGroupArn"},
    "SecurityGroupRule": {"securityGroupRuleArn"},
    "Volume": {"availabilityZoneId"},
    "VolumeStatusItem": {"availabilityZoneId"},
    "SpotInstanceRequest": {"launchedAvailabilityZoneId"},
    "SpotPlacement": {"availabilityZoneId"},
    "SpotPrice": {"availabilityZoneId"},
    "SubnetIpv6CidrBlockAssociation": {"ipSource", "ipv6AddressAttribute"},
    "Snapshot": {"completionTime"},
    "VpcEndpoint": {"serviceRegion"},
    "ServiceDetail": {"availabilityZoneIdSet", "serviceRegion"},
    "VpcIpv6CidrBlockAssociation": {"ipSource", "ipv6AddressAttribute"},
    # Croft's own (docs/why.md); clients pass over what they do not know.
    "NetworkInsightsAnalysis": {"croftHops", "croftProof", "croftProofText", "croftRemedy", "croftTrace"},
    "PathComponent": {"croftDirection", "croftPasses", "croftText"},
    # Of actions that had nothing to say then:
    "DeleteKeyPair": {"keyPairId"},
    "DeleteSecurityGroup": {"groupId"},
    "DeregisterImage": {"deleteSnapshotResultSet"},
}
# Likewise values of enumerations; an internet gateway's attachment is "available" in AWS's text alone, and an
# endpoint's state is written small in what EC2 sends (AWS: the examples of DescribeVpcEndpoints). Echo requests
# are Croft's own addition to network insights (docs/why.md).
NEWER_VALUES = {
    "AttachmentStatus": {"available"},
    "PermissionsBoundaryAttachmentType": {"Policy"},  # so in what IAM sends (AWS: the examples of GetUser)
    "Protocol": {"icmp"},
    "SpotInstanceState": {"disabled"},
    "State": {"available"},
    "summaryKeyType": {"AccountPasswordPresent", "AssumeRolePolicySizeQuota", "InstanceProfiles",
                       "InstanceProfilesQuota", "Providers", "RolePolicySizeQuota", "Roles", "RolesQuota"},
}
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$")
KINDS = {
    "boolean": re.compile(r"^(true|false)$"),
    "integer": re.compile(r"^-?\d{1,10}$"),
    "long": re.compile(r"^-?\d{1,19}$"),
    "double": re.compile(r"^-?\d+(\.\d+)?$"),
    "float": re.compile(r"^-?\d+(\.\d+)?$"),
    "timestamp": TIME,
    "blob": re.compile(r"^[A-Za-z0-9+/]*={0,2}$"),
}


def without_explanation(kind, body):
    """A reply without what X-Croft-Explain has added, which is no part of AWS's shapes: the last
    element or member."""
    if "json" in kind:
        value = json.loads(body)
        value.pop("CroftExplanation", None)
        return json.dumps(value).encode()
    return re.sub(rb"\s*<croftExplanation>.*</croftExplanation>", b"", body, flags=re.S)


def local_name(element):
    return element.tag.rpartition("}")[2]


def _is_one_of(shape, text):
    """True as well where there is nothing to be one of."""
    values = getattr(shape, "enum", None)
    return not values or shape.name == "InstanceType" or text in values \
        or text in NEWER_VALUES.get(shape.name, ())


def _scalar(shape, element, path, problems):
    text = element.text or ""
    if len(element):
        problems.append(f"{path} is a {shape.type_name} and has children")
    elif shape.type_name in KINDS and not KINDS[shape.type_name].match(text):
        problems.append(f"{path} is no {shape.type_name}: '{text}'")
    # The list of instance types is not botocore's to say: an owner has types of his own.
    elif not _is_one_of(shape, text):
        problems.append(f"{path} is none of {shape.name}: '{text}'")


def _structure(shape, element, path, problems, top=False):
    known = {member.serialization.get("name", name): member
             for name, member in shape.members.items()} if shape else {}
    seen = set()
    for child in element:
        name = local_name(child)
        if top and name == "requestId":
            continue
        if name in seen:
            problems.append(f"{path}.{name} comes twice")
        seen.add(name)
        if name in known:
            _value(known[name], child, f"{path}.{name}", problems)
        elif not (shape and name in NEWER.get(shape.name, ())):
            problems.append(f"{path}.{name} is not known to botocore")
    for name, member in known.items():
        # Clients written in scripting languages read these without asking whether they are there.
        if top and member.type_name == "list" and name not in seen:
            problems.append(f"{path}.{name}, a list, is missing")
    for name in shape.required_members if shape else ():
        if shape.members[name].serialization.get("name", name) not in seen:
            problems.append(f"{path}.{name}, which is required, is missing")


def _value(shape, element, path, problems):
    if shape.type_name == "structure":
        _structure(shape, element, path, problems)
    elif shape.type_name == "list":
        item = shape.member.serialization.get("name", "item")
        for child in element:
            if local_name(child) != item:
                problems.append(f"{path} has <{local_name(child)}>, not <{item}>")
            _value(shape.member, child, path + "[]", problems)
    else:
        _scalar(shape, element, path, problems)


def problems_of_reply(operation, body, version=VERSION):
    """What is wrong with the XML of a success of EC2's; an empty list when all is right."""
    root = ElementTree.fromstring(body)
    problems = []
    space = f"{{http://ec2.amazonaws.com/doc/{version}/}}"
    if root.tag != f"{space}{operation.name}Response":
        problems.append(f"the root is {root.tag}")
    if any(not child.tag.startswith(space) for child in root.iter()):
        problems.append("an element is outside of the namespace")
    if len(root) == 0 or local_name(root[0]) != "requestId" or not root[0].text:
        problems.append("the first child is not requestId")
    if operation.output_shape is None:
        names = [(local_name(child), child.text) for child in root
                 if local_name(child) not in NEWER.get(operation.name, ())][1:]
        if names != [("return", "true")]:
            problems.append(f"{operation.name} has nothing to say but <return>true</return>: {names}")
    else:
        _structure(operation.output_shape, root, operation.name, problems, top=True)
    return problems


def check_reply(operation, body, version=VERSION):
    problems = problems_of_reply(operation, body, version)
    if problems:
        raise AssertionError("the reply is not right: " + "; ".join(problems[:8]))


# --- JSON -------------------------------------------------------------------------------------

JSON_TYPES = {"boolean": bool, "integer": int, "long": int, "double": (int, float),
              "float": (int, float), "timestamp": (int, float)}


def newer_members(name):
    """NEWER has names of XML elements; these are the members', from the tree's own model."""
    if name not in NEWER:
        return set()
    with model_lock:
        models = _own_models()
    structs = [model.structs.get(name) or model.structs.get((model.actions.get(name) or (None, None))[1]) or {}
               for model in models]
    return {field.name for struct in structs for field in struct.values() if field.wire_out in NEWER[name]}


@functools.lru_cache(maxsize=None)
def _own_models():
    return [read_model(os.path.join(TREE, "lib", "wire", service + ".model")) for service in services()]


def _json_structure(shape, value, path, problems, top=False):
    if not isinstance(value, dict):
        problems.append(f"{path} is no object: {str(value)[:60]}")
        return
    newer = newer_members(shape.name) if shape else set()
    for name, each in value.items():
        member = shape.members.get(name) if shape else None
        if member is not None:
            _json_value(member, each, f"{path}.{name}", problems)
        elif name not in newer:
            problems.append(f"{path}.{name} is not known to botocore")
    for name, member in (shape.members if shape and top else {}).items():
        if member.type_name == "list" and name not in value:
            problems.append(f"{path}.{name}, a list, is missing")


def _json_value(shape, value, path, problems):
    if shape.type_name == "structure":
        _json_structure(shape, value, path, problems)
    elif shape.type_name == "list":
        if not isinstance(value, list):
            problems.append(f"{path} is no list: {str(value)[:60]}")
            return
        for each in value:
            _json_value(shape.member, each, path + "[]", problems)
    elif shape.type_name == "map":
        if not isinstance(value, dict):
            problems.append(f"{path} is no map: {str(value)[:60]}")
            return
        for key, each in value.items():
            _json_value(shape.key, key, f"{path}'s key", problems)
            _json_value(shape.value, each, f"{path}.{key}", problems)
    else:
        wanted = JSON_TYPES.get(shape.type_name, str)
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            problems.append(f"{path} is no {shape.type_name}: {str(value)[:60]}")
        elif not _is_one_of(shape, value):
            problems.append(f"{path} is none of {shape.name}: '{value}'")


def problems_of_json(operation, body):
    """What is wrong with the JSON of a success."""
    try:
        value = json.loads(body)
    except ValueError as error:
        return [f"{operation.name} is no JSON: {error}"]
    problems = []
    if operation.output_shape is None:
        if set(value) - newer_members(operation.name) - {"Return"}:
            problems.append(f"{operation.name} has nothing to say: {str(value)[:80]}")
    else:
        _json_structure(operation.output_shape, value, operation.name, problems, top=True)
    return problems
