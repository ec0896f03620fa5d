// The scenario of ../README.md with node-postgres.
'use strict';
const assert = require('node:assert/strict');
const fs = require('node:fs');
const { pipeline } = require('node:stream/promises');
const { Readable, Writable } = require('node:stream');
const { Client, Pool } = require('pg');
const copy = require('pg-copy-streams');

const ok = (step) => console.log(`ok ${step}`);
const tls = {
  disable: false,
  require: { rejectUnauthorized: false },
  'verify-full': { ca: fs.readFileSync(process.env.PGSSLROOTCERT), servername: process.env.PGHOST },
};

async function open(mode = process.env.PGSSLMODE || 'disable') {
  const client = new Client({ ssl: tls[mode] });
  await client.connect();
  return client;
}
const value = async (db, text, values) =>
  Object.values((await db.query({ text, values, rowMode: 'array' })).rows[0])[0];
async function refused(call) {
  try { await call(); } catch (error) { return error.code; }
  throw new Error('this should have been refused');
}

async function connections() {
  for (const [mode, step] of [['disable', 'connect'], ['require', 'tls_require'], ['verify-full', 'tls_verify_full']]) {
    const db = await open(mode);
    assert.equal(await value(db, 'select 1 + 1'), 2);
    await db.end();
    ok(step);
  }
}

async function queries(db) {
  const found = await db.query({ text: 'select id, owner from accounts order by id', rowMode: 'array' });
  assert.deepEqual(found.rows, [[1, 'ada'], [2, 'bob'], [3, 'cyd']]);
  ok('simple');
  const row = await db.query({ text: 'select $1::text, $2::int, $3::text', values: ["it's", 7, null], rowMode: 'array' });
  assert.deepEqual(row.rows, [["it's", 7, null]]);
  ok('parameters');
  for (const [id, owner] of [[1, 'ada'], [2, 'bob'], [3, 'cyd']]) {
    const one = await db.query({ name: 'owner_of', text: 'select owner from accounts where id = $1', values: [id] });
    assert.equal(one.rows[0].owner, owner);
  }
  ok('prepared');
  const many = await Promise.all([...Array(50).keys()].map((n) => value(db, 'select $1::int * 2', [n])));
  assert.deepEqual(many, [...Array(50).keys()].map((n) => n * 2));
  console.log('skip pipeline this client sends one query at a time');
}

async function transactions(db) {
  const count = "select count(*)::int from events where kind = 'node-a'";
  const insert = "insert into events(kind) values ('node-a')";
  for (const text of ['begin', insert, 'savepoint s', insert, 'rollback to s', 'commit', 'begin', insert, 'rollback'])
    await db.query(text);
  assert.equal(await value(db, count), 1);
  ok('transaction');
}

async function copies(db) {
  const lines = [...Array(1000).keys()].map((n) => `node-copy\t${'x'.repeat(n)}\n`);
  await pipeline(Readable.from(lines), db.query(copy.from('copy events(kind, detail) from stdin')));
  assert.equal(await value(db, "select count(*)::int from events where kind = 'node-copy'"), 1000);
  ok('copy_in');
  let out = '';
  const sink = new Writable({ write(chunk, _, done) { out += chunk; done(); } });
  await pipeline(db.query(copy.to('copy (select id, owner from accounts order by id) to stdout')), sink);
  assert.equal(out, '1\tada\n2\tbob\n3\tcyd\n');
  ok('copy_out');
}

async function messages(db) {
  const seen = [];
  db.on('notice', (notice) => seen.push(notice.code));
  for (const text of ['begin', 'begin', 'rollback']) await db.query(text);
  assert.deepEqual(seen, ['25001']);
  ok('notice');
  const arrived = new Promise((resolve) => db.once('notification', (n) => resolve(n.payload)));
  await db.query('listen node_ch');
  await db.query("notify node_ch, 'hello'");
  assert.equal(await arrived, 'hello');
  await db.query('unlisten *');
  ok('notify');
}

async function failures(db) {
  await db.query('begin');
  assert.equal(await refused(() => db.query('select 1/0')), '22012');
  assert.equal(await refused(() => db.query('select 1')), '25P02');
  await db.query('rollback');
  ok('failed_transaction');
  assert.equal(await refused(() => db.query('drop table guarded')), '42501');
  assert.equal(await value(db, 'select 1'), 1);
  ok('refused_idle');
  await db.query('begin');
  await db.query("insert into events(kind) values ('node-lost')");
  assert.equal(await refused(() => db.query('drop table guarded')), '42501');
  assert.equal(await refused(() => db.query('select 1')), '25P02');
  assert.equal((await db.query('commit')).command, 'ROLLBACK');
  assert.equal(await value(db, "select count(*)::int from events where kind = 'node-lost'"), 0);
  ok('refused_in_transaction');
}

async function refusedOtherwise(db) {
  const batch = "insert into events(kind) values ('node-batch'); drop table guarded; select 1";
  assert.equal(await refused(() => db.query(batch)), '42501');
  assert.equal(await value(db, "select count(*)::int from events where kind = 'node-batch'"), 0);
  // Queries queued behind the refused one are answered in their order.
  const mixed = await Promise.allSettled(['select 1 as n', 'drop table guarded', 'select 2 as n'].map((t) => db.query(t)));
  assert.deepEqual(mixed.map((m) => m.value?.rows[0].n ?? m.reason.code), [1, '42501', 2]);
  ok('refused_in_pipeline');
  for (let i = 0; i < 3; i++)
    assert.equal(await refused(() => db.query({ name: 'd', text: 'drop table guarded' })), '42501');
  assert.equal(await value(db, 'select 1'), 1);
  ok('refused_prepared');
  assert.equal(await refused(() => db.query("copy guarded to program 'true'")), '42501');
  ok('refused_copy_program');
  const pool = new Pool({ max: 2, ssl: tls[process.env.PGSSLMODE || 'disable'] });
  await Promise.all([...Array(10).keys()].map(async () =>
    assert.equal(await refused(() => pool.query('drop table guarded')), '42501')));
  assert.equal((await pool.query('select count(*)::int as n from guarded')).rows[0].n, 3);
  await pool.end();
  ok('still_there');
}

async function main() {
  await connections();
  const db = await open();
  for (const part of [queries, transactions, copies, messages, failures, refusedOtherwise]) await part(db);
  console.log('skip cancel this client has no public way to ask for it');
  await db.end();
}
main().catch((error) => { console.error('FAIL', error); process.exit(1); });
