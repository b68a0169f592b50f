// What a program does that uses the AWS SDK for JavaScript, version 3. Run by ../javascript_sdk.py,
// which gives it an image; the endpoint, region and keys come from the environment, as everywhere.
import assert from "node:assert/strict";
import {
  EC2Client, AuthorizeSecurityGroupIngressCommand, CreateKeyPairCommand,
  CreateSecurityGroupCommand, CreateTagsCommand, DeleteKeyPairCommand, DeleteSecurityGroupCommand,
  DeleteTagsCommand, DescribeImagesCommand, DescribeInstancesCommand, DescribeRegionsCommand,
  DescribeSecurityGroupsCommand, RunInstancesCommand, StartInstancesCommand, StopInstancesCommand,
  TerminateInstancesCommand, paginateDescribeInstances, paginateDescribeInstanceTypes,
  waitUntilInstanceExists, waitUntilInstanceRunning, waitUntilInstanceStopped,
  waitUntilInstanceTerminated, waitUntilKeyPairExists, waitUntilSecurityGroupExists,
} from "@aws-sdk/client-ec2";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const image = process.argv[2];
const region = process.env.AWS_DEFAULT_REGION;
const endpoint = process.env.AWS_ENDPOINT_URL;
const ec2 = new EC2Client({ region, endpoint, maxAttempts: 1 });
const wait = { client: ec2, minDelay: 1, maxDelay: 1, maxWaitTime: 60 };
const strange = "größe-ключ-🙂 & < > \" ' + %41";
let count = 0;

async function check(what, body) {
  count += 1;
  try {
    await body();
    console.log(`ok ${count} - ${what}`);
  } catch (error) {
    console.log(`not ok ${count} - ${what}`);
    console.log(String(error.stack ?? error).replace(/^/gm, "#   "));
    process.exitCode = 1;
  }
}

async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("this was not refused");
}

async function pages(paginator, pick) {
  const all = [];
  let n = 0;
  for await (const page of paginator) {
    n += 1;
    all.push(...pick(page));
  }
  return [n, all];
}

await check("regions, the caller and the image", async () => {
  const { Regions } = await ec2.send(new DescribeRegionsCommand({}));
  const names = Regions.map((each) => each.RegionName);
  assert.ok(names.includes(region) && names.includes("ap-south-1"), names.join());
  const sts = new STSClient({ region, endpoint });
  const caller = await sts.send(new GetCallerIdentityCommand({}));
  assert.match(caller.Arn, /^arn:aws:iam::\d{12}:root$/);
  const { Images } = await ec2.send(new DescribeImagesCommand({ ImageIds: [image] }));
  assert.equal(Images[0].State, "available");
  assert.equal(Images[0].RootDeviceName, "/dev/xvda");
});

await check("waiters for a key pair and a security group", async () => {
  const early = waitUntilKeyPairExists(wait, { KeyNames: ["js"] });
  const key = await ec2.send(new CreateKeyPairCommand({ KeyName: "js", KeyType: "ed25519" }));
  assert.match(key.KeyMaterial, /BEGIN OPENSSH PRIVATE KEY/);
  assert.equal((await early).state, "SUCCESS");
  const group = await ec2.send(new CreateSecurityGroupCommand({
    GroupName: "js", Description: "of the SDK for JavaScript" }));
  const found = await waitUntilSecurityGroupExists(wait, { GroupIds: [group.GroupId] });
  assert.equal(found.state, "SUCCESS");
  const rule = await ec2.send(new AuthorizeSecurityGroupIngressCommand({
    GroupId: group.GroupId, IpPermissions: [
      { IpProtocol: "tcp", FromPort: 22, ToPort: 22,
        IpRanges: [{ CidrIp: "192.0.2.0/24", Description: "a & b" }] }] }));
  assert.equal(rule.SecurityGroupRules[0].FromPort, 22);
  const seen = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [group.GroupId] }));
  assert.equal(seen.SecurityGroups[0].IpPermissions[0].IpRanges[0].Description, "a & b");
});

await check("an instance through its states, with waiters", async () => {
  const made = await ec2.send(new RunInstancesCommand({
    ImageId: image, InstanceType: "t3.micro", MinCount: 1, MaxCount: 1, KeyName: "js",
    SecurityGroups: ["js"], UserData: Buffer.from("#!/bin/sh\n").toString("base64"),
    TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: strange }] }] }));
  const id = made.Instances[0].InstanceId;
  const InstanceIds = [id];
  assert.ok(made.Instances[0].LaunchTime instanceof Date);
  assert.equal((await waitUntilInstanceExists(wait, { InstanceIds })).state, "SUCCESS");
  assert.equal((await waitUntilInstanceRunning(wait, { InstanceIds })).state, "SUCCESS");
  const read = async () => (await ec2.send(new DescribeInstancesCommand({ InstanceIds })))
    .Reservations[0].Instances[0];
  assert.equal((await read()).Tags[0].Value, strange);
  await ec2.send(new CreateTagsCommand({ Resources: InstanceIds, Tags: [
    { Key: strange, Value: "" }] }));
  const { Reservations } = await ec2.send(new DescribeInstancesCommand({
    Filters: [{ Name: "tag-key", Values: [strange] }] }));
  assert.deepEqual(Reservations.map((each) => each.Instances[0].InstanceId), InstanceIds);
  await ec2.send(new DeleteTagsCommand({ Resources: InstanceIds, Tags: [{ Key: strange }] }));
  assert.deepEqual((await read()).Tags, [{ Key: "Name", Value: strange }]);
  await ec2.send(new StopInstancesCommand({ InstanceIds }));
  assert.equal((await waitUntilInstanceStopped(wait, { InstanceIds })).state, "SUCCESS");
  await ec2.send(new StartInstancesCommand({ InstanceIds }));
  await waitUntilInstanceRunning(wait, { InstanceIds });
  await ec2.send(new TerminateInstancesCommand({ InstanceIds }));
  assert.equal((await waitUntilInstanceTerminated(wait, { InstanceIds })).state, "SUCCESS");
  const failed = await refusal(waitUntilInstanceRunning(wait, { InstanceIds }));
  assert.match(String(failed), /FAILURE/);
});

await check("paginators", async () => {
  const [n, types] = await pages(
    paginateDescribeInstanceTypes({ client: ec2, pageSize: 10 }, {}), (page) => page.InstanceTypes);
  assert.ok(n > 2 && types.length > 20, `${n} pages, ${types.length} types`);
  assert.equal(new Set(types.map((each) => each.InstanceType)).size, types.length);
  const { Instances } = await ec2.send(new RunInstancesCommand({
    ImageId: image, InstanceType: "t3.micro", MinCount: 7, MaxCount: 7 }));
  const ids = Instances.map((each) => each.InstanceId);
  const [some, seen] = await pages(
    paginateDescribeInstances({ client: ec2, pageSize: 5 }, {
      Filters: [{ Name: "instance-id", Values: ids }] }),
    (page) => page.Reservations.flatMap((each) => each.Instances));
  assert.ok(some >= 1);
  assert.deepEqual(seen.map((each) => each.InstanceId).sort(), ids.sort());
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: ids }));
});

await check("refusals are EC2's, by name", async () => {
  const none = await refusal(ec2.send(new DescribeInstancesCommand({
    InstanceIds: ["i-0123456789abcdef0"] })));
  assert.equal(none.name, "InvalidInstanceID.NotFound");
  assert.equal(none.message, "The instance ID 'i-0123456789abcdef0' does not exist");
  assert.equal(none.$metadata.httpStatusCode, 400);
  assert.ok(none.$metadata.requestId);
  const dry = await refusal(ec2.send(new RunInstancesCommand({
    ImageId: image, MinCount: 1, MaxCount: 1, DryRun: true })));
  assert.equal(dry.name, "DryRunOperation");
  assert.equal(dry.$metadata.httpStatusCode, 412);
  const stranger = new EC2Client({ region, endpoint, maxAttempts: 1, credentials: {
    accessKeyId: process.env.AWS_ACCESS_KEY_ID, secretAccessKey: "x".repeat(40) } });
  assert.equal((await refusal(stranger.send(new DescribeRegionsCommand({})))).name, "AuthFailure");
});

await check("and all of it goes again", async () => {
  await ec2.send(new DeleteKeyPairCommand({ KeyName: "js" }));
  const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({
    GroupNames: ["js"] }));
  await ec2.send(new DeleteSecurityGroupCommand({ GroupId: SecurityGroups[0].GroupId }));
});

console.log(`1..${count}`);
