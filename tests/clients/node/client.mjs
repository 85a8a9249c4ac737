// Drives the npm package `consul` against the server on the port given: keys, sessions, locks,
// agent, catalog, health, transactions, events, queries, and its watch. Ends with 0 and a last
// line when everything was as the client expects.

import assert from "node:assert/strict";
import Consul from "consul";

const client = new Consul({ host: "127.0.0.1", port: process.argv[2] });

async function eventually(what, condition, seconds = 30) {
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not within ${seconds} s: ${what}`);
}

async function keys() {
  assert.equal(await client.kv.get("js/missing"), undefined);
  assert.equal(await client.kv.set("js/a", "one"), true);
  const entry = await client.kv.get("js/a");
  assert.equal(entry.Value, "one");
  const swap = (index) => client.kv.set({ key: "js/a", value: "two", cas: String(index) });
  // The client turns a body of `false` into undefined.
  assert.ok(!(await swap(entry.ModifyIndex + 1)));
  assert.equal(await swap(entry.ModifyIndex), true);
  assert.equal(await client.kv.set({ key: "js/flags", value: "x", flags: 7 }), true);
  assert.equal((await client.kv.get("js/flags")).Flags, 7);
  const raw = await client.kv.get({ key: "js/a", raw: true });
  assert.equal(String(raw), "two");
  await client.kv.set("js/b/c", "3");
  const listed = await client.kv.keys({ key: "js/", separator: "/" });
  assert.deepEqual(listed, ["js/a", "js/b/", "js/flags"]);
  assert.equal((await client.kv.get({ key: "js/", recurse: true })).length, 3);
  await client.kv.del({ key: "js/", recurse: true });
  assert.equal(await client.kv.get({ key: "js/", recurse: true }), undefined);
}

async function sessionsAndLocks() {
  const { ID: first } = await client.session.create({ name: "js", ttl: "20s", lockdelay: "0s" });
  const { ID: second } = await client.session.create();
  assert.equal(await client.kv.set({ key: "js/lock", value: "a", acquire: first }), true);
  assert.ok(!(await client.kv.set({ key: "js/lock", value: "b", acquire: second })));
  assert.equal((await client.kv.get("js/lock")).Session, first);
  const info = await client.session.get(first);
  const session = Array.isArray(info) ? info[0] : info;
  const members = "CreateIndex ID Name Node NodeChecks LockDelay Behavior TTL";
  for (const name of members.split(" ")) assert.ok(name in session, `session has ${name}`);
  assert.equal((await client.session.renew(first))[0].ID, first);
  assert.equal((await client.session.list()).length, 2);
  assert.equal((await client.session.node("test-node")).length, 2);
  await client.session.destroy(first);
  assert.equal((await client.kv.get("js/lock")).Session, undefined);
  assert.equal(await client.kv.set({ key: "js/lock", value: "b", acquire: second }), true);
  assert.equal(await client.kv.set({ key: "js/lock", value: "b", release: second }), true);
  await client.session.destroy(second);
}

async function agentAndHealth() {
  assert.ok((await client.agent.self()).Config.NodeName, "self has a node name");
  assert.equal((await client.agent.members()).length, 1);
  const check = { ttl: "60s" };
  await client.agent.service.register({ name: "js-web", tags: ["x"], port: 81, check });
  assert.ok("js-web" in (await client.agent.service.list()));
  assert.equal((await client.health.service({ service: "js-web", passing: true })).length, 0);
  await client.agent.check.pass("service:js-web");
  await eventually("js-web passes", async () =>
    (await client.health.service({ service: "js-web", passing: true })).length === 1);
  assert.equal((await client.health.checks("js-web"))[0].Status, "passing");
  assert.ok((await client.health.state("any")).length >= 2);
  assert.deepEqual((await client.catalog.service.list())["js-web"], ["x"]);
  assert.equal((await client.catalog.service.nodes("js-web"))[0].ServicePort, 81);
  await client.agent.service.maintenance({ id: "js-web", enable: true, reason: "why not" });
  assert.equal((await client.agent.checks())["_service_maintenance:js-web"].Notes, "why not");
  await client.agent.service.maintenance({ id: "js-web", enable: false });
  await client.agent.service.deregister("js-web");
  await client.agent.check.register({ name: "js-check", ttl: "60s" });
  await client.agent.check.warn("js-check");
  assert.equal((await client.agent.checks())["js-check"].Status, "warning");
  await client.agent.check.deregister("js-check");
}

async function catalogAndStatus() {
  const service = { service: "js-db" };
  await client.catalog.register({ node: "js-node", address: "10.1.1.1", service });
  assert.equal((await client.catalog.node.services("js-node")).Node.Address, "10.1.1.1");
  assert.equal((await client.catalog.node.list()).length, 2);
  await client.catalog.deregister("js-node");
  assert.equal((await client.catalog.node.list()).length, 1);
  assert.deepEqual(await client.catalog.datacenters(), ["dc1"]);
  assert.match(await client.status.leader(), /^127\.0\.0\.1:\d+$/);
  assert.equal((await client.status.peers()).length, 1);
}

async function transactions() {
  const value = Buffer.from("t").toString("base64");
  const done = await client.transaction.create([
    { KV: { Verb: "set", Key: "js/txn", Value: value } },
    { KV: { Verb: "get", Key: "js/txn" } },
  ]);
  assert.equal(done.Results.length, 2);
  await assert.rejects(client.transaction.create([
    { KV: { Verb: "check-not-exists", Key: "js/txn" } },
    { KV: { Verb: "check-index", Key: "js/txn", Index: 1 } },
  ]), (error) => error.response.statusCode === 409 && error.response.body.Errors.length === 2);
  const Node = { Node: "js-txn", Address: "10.1.1.2" };
  const Service = { ID: "s", Service: "js-txn-web", Port: 1 };
  const written = await client.transaction.create([
    { Node: { Verb: "set", Node } },
    { Service: { Verb: "set", Node: "js-txn", Service } },
    { Check: { Verb: "set", Check: { Node: "js-txn", CheckID: "c", ServiceID: "s",
                                     Status: "passing" } } },
  ]);
  assert.equal(written.Results.length, 3);
  const found = await client.health.service({ service: "js-txn-web", passing: true });
  assert.equal(found[0].Node.Node, "js-txn");
  await client.transaction.create([{ Node: { Verb: "delete", Node } }]);
  await client.kv.del("js/txn");
}

async function events() {
  assert.deepEqual(await client.event.list("js-deploy"), []);
  const fired = await client.event.fire({ name: "js-deploy", payload: "2.4.1" });
  assert.equal(fired.Payload, "2.4.1");
  const listed = await client.event.list("js-deploy");
  assert.deepEqual(listed.map((event) => [event.ID, event.Payload]), [[fired.ID, "2.4.1"]]);
  await assert.rejects(client.event.fire("js-large", "x".repeat(600)));
}

async function queries() {
  await client.agent.service.register({ name: "js-q", tags: ["a"], port: 82 });
  const service = { service: "js-q", onlypassing: true, tags: ["a"], near: "_agent" };
  const made = await client.query.create({ name: "js-query", service, dns: { ttl: "4s" } });
  const query = made.ID;
  assert.equal((await client.query.get(query)).DNS.TTL, "4s");
  assert.ok((await client.query.list()).some((one) => one.ID === query));
  const found = await client.query.execute("js-query");
  assert.deepEqual(found.Nodes.map((one) => one.Service.ID), ["js-q"]);
  assert.equal(found.Failovers, 0);
  await client.query.update({ query, name: "js-query", service: { service: "js-none" } });
  assert.deepEqual((await client.query.execute(query)).Nodes, []);
  await client.query.destroy(query);
  await assert.rejects(client.query.execute("js-query"), (error) => error.isNotFound ||
    error.response.statusCode === 404);
  await client.agent.service.deregister("js-q");
}

// Every change is seen, in order, and nothing else wakes the watch.
async function watchSeesEachChange() {
  const seen = [];
  let failure;
  const options = { key: "js/watched", wait: "20s" };
  const watch = client.watch({ method: client.kv.get, options });
  watch.on("change", (data) => seen.push(data === undefined ? undefined : data.Value));
  watch.on("error", (error) => (failure = error));
  await client.kv.set("js/watched", "0");
  await eventually("first value", () => seen.at(-1) === "0");
  const before = seen.length;
  for (let i = 1; i <= 5; i++) {
    await client.kv.set("js/unrelated", String(i));
    await client.kv.set("js/watched", String(i));
    await eventually(`value ${i}`, () => seen.at(-1) === String(i));
  }
  await client.kv.del("js/watched");
  await eventually("deletion", () => seen.at(-1) === undefined);
  watch.end();
  assert.equal(failure, undefined);
  assert.deepEqual(seen.slice(before), ["1", "2", "3", "4", "5", undefined]);
}

const parts = [
  keys,
  sessionsAndLocks,
  agentAndHealth,
  catalogAndStatus,
  transactions,
  events,
  queries,
  watchSeesEachChange,
];
for (const part of parts) {
  await part();
  console.log(`${part.name}: ok`);
}
console.log("all client checks passed");
process.exit(0);
