"""The scenarios of tests/api/actions.py, one module for each noun.

Each module has a class with a method for each action, named as the action is, in which it succeeds and
what it brings is looked at; and REFUSED, which holds what must be refused: parameters that are wrong and
EC2's code for them (or several, separated by blanks). In them "%group" and the like stand for ids that
exist: world.filled_in() knows which. A new module is put into MODULES here.
"""
import inspect

from . import (absent, access, account, address, capacity, encryption, gateway, iam_account, iam_group, iam_policy,
               iam_role, iam_user, image, insights, instance,
               instance_attribute, instance_connect, instance_profile, launch_template, network_acl,
               network_interface, organization, permissions, prefix_list,
               root_volume, route_table, security_group, snapshot, subnet, transfer, volume, vpc,
               vpc_endpoint, vpc_peering)
from .world import Scenarios

MODULES = (absent, access, account, address, capacity, encryption, gateway, iam_account, iam_group, iam_policy,
           iam_role, iam_user, image, insights, instance,
           instance_attribute, instance_connect, instance_profile, launch_template, network_acl,
           network_interface, organization, permissions, prefix_list,
           root_volume, route_table, security_group, snapshot, subnet, transfer, volume, vpc,
           vpc_endpoint, vpc_peering)


def once(kept, more, where):
    """Puts what one module has with what others have: no two may have a scenario for the same."""
    twice = kept.keys() & more.keys()
    if twice:
        raise AssertionError(f"{where.__name__}: another module has {sorted(twice)}, too")
    kept.update(more)


def gathered():
    """The classes of all modules, and all that is to be refused."""
    classes, refused = [], {}
    methods = {name: Scenarios for name in vars(Scenarios) if not name.startswith("_")}  # which all have
    for module in MODULES:
        own = [kind for _, kind in inspect.getmembers(module, inspect.isclass)
               if issubclass(kind, Scenarios) and kind.__module__ == module.__name__]
        for kind in own:
            once(methods, {name: kind for name in vars(kind) if not name.startswith("_")}, module)
        once(refused, module.REFUSED, module)
        classes += own
    return classes, refused
