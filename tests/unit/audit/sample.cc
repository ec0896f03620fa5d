#include "tests/unit/audit/sample.h"

#include <algorithm>

#include "audit/fields.h"
#include "audit/wire.h"

namespace chaperone::audit {
namespace {

Subject sample_subject() {
  Subject subject;
  subject.pod = "agent-7f9c";
  subject.pod_namespace = "research";
  subject.service_account = "agent";
  subject.node = "node-3";
  subject.labels = {{"app", "agent"}, {"ci/run", "4711"}, {"empty", ""}};
  subject.principal = "ada@example.org";
  subject.groups = {"data", "eng"};
  return subject;
}

Meaning sample_meaning() {
  Statement statement;
  statement.verb = "UPDATE";
  statement.effects = Effect::kRead | Effect::kWrite;
  statement.objects = {{ObjectKind::kTable, "public.orders", Effect::kWrite},
                       {ObjectKind::kFunction, "pg_catalog.lower", Effect::kRead}};
  statement.columns = {{"public.orders", "status", Effect::kWrite},
                       {"public.orders", "id", Effect::kRead}};
  statement.functions = {"pg_catalog.lower"};
  statement.row_bound = RowBound::kBounded;
  statement.limit = 0;
  Statement unknown;
  unknown.verb = "CALL";
  unknown.effects = Effect::kUnknown;
  unknown.unknown_because = "procedure not in the catalogue";
  Meaning meaning;
  meaning.statements = {statement, unknown};
  meaning.effects = statement.effects | unknown.effects;
  meaning.risk = Risk::kCritical;
  meaning.shape = 0x0123456789ABCDEFull;
  return meaning;
}

Where sample_where() {
  Where where;
  where.resource = "orders-db";
  where.protocol = Protocol::kPostgres;
  where.target_name = "db.internal";
  where.target_address = "10.1.2.3:5432";
  where.client_address = "10.9.8.7:40000";
  where.upstream_role = "orders_rw";
  where.upstream_database = "orders";
  where.client_user = "agent";
  where.client_database = "shop";
  where.application_name = "psql";
  where.client_tls = "TLSv1.3";
  where.upstream_tls = "TLSv1.2";
  return where;
}

void encode_asked(EncodedPart& out) {
  AskedParameter text{{as_bytes("paid"), 25, false, false}, false};
  AskedParameter null{{{}, 25, false, true}, false};
  AskedParameter secret{{as_bytes("hunter2"), 25, false, false}, true};
  const std::uint8_t number[] = {0, 0, 0, 42};
  AskedParameter binary{{number, 23, true, false}, false};
  std::string large(kParameterBytesMax + 1, 'x');
  AskedParameter cut{{as_bytes(large), 17, false, false}, false};
  const AskedParameter all[] = {text, null, secret, binary, cut};
  encode(Asked{"UPDATE orders SET status = lower($1) WHERE id = 1", all, true}, out);
}

}  // namespace

Id test_id(std::uint8_t fill) {
  Id id;
  id.fill(fill);
  return id;
}

SigningKey test_key(std::uint8_t fill) {
  Seed seed;
  seed.fill(fill);
  return SigningKey(seed);
}

Buffer make_record(const RecordHead& head, std::uint64_t sequence, const Hash& previous,
                   std::initializer_list<const EncodedPart*> parts) {
  Buffer record(head_bytes(head));
  write_head(head, sequence, previous, record.data());
  for (const EncodedPart* part : parts) {
    record.insert(record.end(), part->bytes().begin(), part->bytes().end());
  }
  return record;
}

Buffer full_command(std::uint64_t sequence, const Hash& previous) {
  Subject subject = sample_subject();
  EncodedPart who, where, meaning, ruling, asked;
  encode(Who{&subject, 10001}, who);
  encode(sample_where(), where);
  encode(sample_meaning(), meaning);
  encode(Ruling{Verdict::kAllow, Verdict::kDeny, true, "no-writes", "writes are watched",
                Durability::kDisk, std::string(64, 'a'), "v42"},
         ruling);
  encode_asked(asked);
  RecordHead head{RecordKind::kCommand, 1'700'000'000'123'456'789, 987'654'321, test_id(0x5A), 3};
  return make_record(head, sequence, previous, {&who, &where, &meaning, &ruling, &asked});
}

Buffer every_field() {
  Buffer record = full_command();
  EncodedPart outcome, event, facts, loss, counts;
  encode(Outcome{OutcomeStatus::kError, 0, 12, 34, "42P01", "undefined_table", 5, 6}, outcome);
  encode(Event{"idle_timeout", "nothing came for 600 s\n\"quoted\" \x01 \xFF"}, event);
  WriterFacts facts_in{test_id(1), test_key(2).public_key(), "0.1.0", Hash{}, test_id(3), true, 0};
  encode(facts_in, facts);
  encode(Loss{10, 12, 99, 4}, loss);
  encode(Counts{1, 2, 3, 4}, counts);
  for (const EncodedPart* part : {&outcome, &event, &facts, &loss, &counts}) {
    record.insert(record.end(), part->bytes().begin(), part->bytes().end());
  }
  Buffer tail;
  FieldWriter fields(tail);
  fields.bytes(field::kNextKey, test_key(3).public_key());
  fields.bytes(field::kSignature, Signature{});
  record.insert(record.end(), tail.begin(), tail.end());
  return record;
}

void TestChain::take(Buffer record) {
  at_ = {at_.sequence + 1, sha256(record)};
  records_.push_back(std::move(record));
}

void TestChain::add(std::string_view text, RecordKind kind) {
  EncodedPart asked;
  encode(Asked{text, {}, false}, asked);
  RecordHead head{kind, 1'700'000'000'000'000'000, 1, test_id(9), at_.sequence + 1};
  take(make_record(head, at_.sequence + 1, at_.hash, {&asked}));
}

void TestChain::checkpoint() {
  RecordHead head{RecordKind::kCheckpoint, 1'700'000'000'000'000'000, 1, {}, 0};
  Buffer record = make_record(head, at_.sequence + 1, at_.hash, {});
  Buffer head_copy = record;
  record.resize(head_copy.size() + checkpoint_tail_bytes());
  write_checkpoint_tail(head_copy, writer_, *key_, record.data() + head_copy.size());
  take(record);
}

void TestChain::change_key(std::uint8_t next_fill) {
  RecordHead head{RecordKind::kKeyChange, 1'700'000'000'000'000'000, 1, {}, 0};
  auto next = std::make_shared<SigningKey>(test_key(next_fill));
  Buffer record = make_record(head, at_.sequence + 1, at_.hash, {});
  Buffer head_copy = record;
  record.resize(head_copy.size() + key_change_tail_bytes());
  write_key_change_tail(head_copy, writer_, *key_, next->public_key(),
                        record.data() + head_copy.size());
  take(record);
  key_ = next;
}

}  // namespace chaperone::audit
