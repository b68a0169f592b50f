"""What Croft has none of: the list is there, and empty."""
from .world import Scenarios, missing


class Absent(Scenarios):
    def DescribeBundleTasks(self):
        self.none("BundleTasks", filters="state")

    def DescribeCarrierGateways(self):
        self.none("CarrierGateways", filters="vpc-id")

    def DescribeConversionTasks(self):
        self.none("ConversionTasks")

    def DescribeCustomerGateways(self):
        self.none("CustomerGateways", filters="bgp-asn")

    def DescribeExportTasks(self):
        self.none("ExportTasks")

    def DescribeMovingAddresses(self):
        self.none("MovingAddressStatuses", filters="moving-status")

    def DescribeTransitGatewayVpcAttachments(self):
        self.none("TransitGatewayVpcAttachments", filters="vpc-id")

    def DescribeTransitGateways(self):
        self.none("TransitGateways", filters="options.amazon-side-asn")

    def DescribeVpnConnections(self):
        self.none("VpnConnections", filters="vpn-gateway-id")

    def DescribeVpnGateways(self):
        self.none("VpnGateways", filters="attachment.vpc-id")


REFUSED = {
    "DescribeBundleTasks": missing(
        "BundleIds", "bun", "InvalidBundleID.NotFound", "InvalidParameterValue"),
    "DescribeCarrierGateways": missing(
        "CarrierGatewayIds", "cagw", "InvalidCarrierGatewayID.NotFound", "InvalidParameterValue"),
    "DescribeCustomerGateways": missing(
        "CustomerGatewayIds", "cgw",
        "InvalidCustomerGatewayID.NotFound", "InvalidCustomerGatewayId.Malformed"),
    "DescribeTransitGatewayVpcAttachments": missing(
        "TransitGatewayAttachmentIds", "tgw-attach",
        "InvalidTransitGatewayAttachmentID.NotFound", "InvalidTransitGatewayAttachmentID.Malformed"),
    "DescribeTransitGateways": missing(
        "TransitGatewayIds", "tgw",
        "InvalidTransitGatewayID.NotFound", "InvalidTransitGatewayID.Malformed"),
    "DescribeVpnConnections": missing(
        "VpnConnectionIds", "vpn", "InvalidVpnConnectionID.NotFound", "InvalidVpnConnectionID"),
    "DescribeVpnGateways": missing(
        "VpnGatewayIds", "vgw", "InvalidVpnGatewayID.NotFound", "InvalidParameterValue"),
    "DescribeConversionTasks": [({"ConversionTaskIds": ["import-i-1"]}, "InvalidConversionTaskId")],
    "DescribeExportTasks": [({"ExportTaskIds": ["export-i-1"]}, "InvalidExportTaskID.NotFound")],
    "DescribeMovingAddresses": [({"PublicIps": ["198.18.0.1"]}, "InvalidAddress.NotFound")],
}
