#include "audit/record.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "audit/decoded.h"
#include "audit/text.h"
#include "tests/unit/audit/reencode.h"
#include "tests/unit/audit/sample.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

namespace chaperone::audit {
namespace {

// CHAPERONE_UPDATE_GOLDEN=1 writes the files anew, for a format that was changed on purpose.
bool matches_golden(const std::string& name, const std::string& content) {
  std::string path =
      std::string(std::getenv("CHAPERONE_SOURCE_DIR")) + "/tests/golden/audit/" + name;
  if (std::getenv("CHAPERONE_UPDATE_GOLDEN")) std::ofstream(path) << content;
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return file.good() && text.str() == content;
}

// Where this fails, the format has changed: readers in the field would refuse the new records.
TEST_CASE("golden: the record with every field, as bytes and as JSON") {
  Buffer record = every_field();
  CHECK(matches_golden("every_field.hex", hex(record) + "\n"));
  auto decoded = decode_record(record);
  REQUIRE(decoded);
  CHECK(matches_golden("every_field.json", to_json(*decoded) + "\n"));
}

TEST_CASE("a command comes back as it went in") {
  Buffer record = full_command();
  auto decoded = decode_record(record);
  REQUIRE(decoded);
  CHECK(decoded->kind == RecordKind::kCommand);
  CHECK(decoded->sequence == 7);
  CHECK(decoded->operation == 3);
  CHECK(decoded->pod == "agent-7f9c");
  REQUIRE(decoded->labels.size() == 3);
  CHECK(decoded->labels[1] == std::pair<std::string_view, std::string_view>("ci/run", "4711"));
  CHECK(decoded->groups == std::vector<std::string_view>{"data", "eng"});
  CHECK(decoded->container_uid == 10001);
  CHECK(decoded->protocol == Protocol::kPostgres);
  CHECK(decoded->verdict == Verdict::kAllow);
  CHECK(decoded->would_be == Verdict::kDeny);
  REQUIRE(decoded->statements.size() == 2);
  CHECK(decoded->statements[0].limit == 0u);
  CHECK(decoded->statements[0].objects[1].kind == ObjectKind::kFunction);
  CHECK(decoded->statements[1].unknown_because == "procedure not in the catalogue");
  REQUIRE(decoded->parameters.size() == 5);
  CHECK(as_text(decoded->parameters[0].value) == "paid");
  CHECK(decoded->parameters[1].null);
  CHECK(decoded->parameters[2].redacted);
  CHECK(decoded->parameters[2].value.empty());
  CHECK(decoded->parameters[3].binary);
  CHECK(decoded->parameters[4].value.size() == kParameterBytesMax);
  CHECK(decoded->parameters[4].full_bytes == kParameterBytesMax + 1);
  CHECK(as_text(record).find("hunter2") == std::string_view::npos);
  CHECK(reencode(*decoded) == record);
}

TEST_CASE("long text is cut, its length and hash kept") {
  std::string text(kTextBytesMax + 10, 'q');
  EncodedPart asked;
  encode(Asked{text, {}, false}, asked);
  Buffer record = make_record({}, 1, {}, {&asked});
  auto decoded = decode_record(record);
  REQUIRE(decoded);
  CHECK(decoded->text.size() == kTextBytesMax);
  CHECK(decoded->text_full_bytes == text.size());
  CHECK(hex(decoded->text_full_sha256) == hex(sha256(as_bytes(text))));
}

TEST_CASE("the worst of everything still fits a record") {
  Subject subject;
  std::string name(2 * kNameBytesMax, 'n');
  subject.pod = subject.pod_namespace = subject.service_account = subject.node = subject.principal =
      name;
  for (int i = 0; i < 500; ++i) subject.labels[std::to_string(i) + name] = name;
  subject.groups.assign(1000, name);
  Meaning meaning;
  for (int i = 0; i < 1000; ++i) {
    Statement statement;
    statement.verb = name;
    statement.unknown_because = name;
    for (int k = 0; k < 50; ++k) {
      statement.objects.push_back({ObjectKind::kTable, name, Effect::kRead});
      statement.columns.push_back({name, name, Effect::kRead});
      statement.functions.push_back(name);
    }
    meaning.statements.push_back(statement);
  }
  std::string text(4 * kTextBytesMax, 't'), value(2 * kParameterBytesMax, 'v');
  std::vector<AskedParameter> parameters(2000, {{as_bytes(value), 25, false, false}, false});
  EncodedPart who, where, what, ruling, asked;
  encode(Who{&subject, 1}, who);
  encode(
      Where{name, Protocol::kPostgres, name, name, name, name, name, name, name, name, name, name},
      where);
  encode(meaning, what);
  encode(Ruling{Verdict::kAllow, {}, true, name, name, Durability::kDisk, name, name}, ruling);
  encode(Asked{text, parameters, true}, asked);
  Buffer record = make_record({}, 1, {}, {&who, &where, &what, &ruling, &asked});
  CHECK(record.size() <= kRecordBytesMax);
  CHECK(what.bytes().size() <= kMeaningBytesMax);
  auto decoded = decode_record(record);
  REQUIRE(decoded);
  CHECK(decoded->statements.back().verb == "...");
  CHECK(decoded->parameters.size() == kParametersMax);
  CHECK(decoded->parameters_omitted == 2000 - kParametersMax);
  CHECK(reencode(*decoded) == record);
}

TEST_CASE("names of kinds go both ways") {
  for (int i = 1; i <= kRecordKindMax; ++i) {
    auto kind = static_cast<RecordKind>(i);
    CHECK(record_kind_from(name_of(kind)) == kind);
  }
  CHECK_FALSE(record_kind_from("").has_value());
  CHECK_FALSE(record_kind_from("nothing").has_value());
}

TEST_CASE("text that is not UTF-8 is shown as base64, never as broken JSON") {
  for (const char* bad : {"\xFF", "\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE2\x82"}) {
    EncodedPart asked;
    encode(Asked{bad, {}, false}, asked);
    auto record = make_record({}, 1, {}, {&asked});
    auto decoded = decode_record(record);
    REQUIRE(decoded);
    std::string json = to_json(*decoded);
    CHECK(json.find("\"text\":{\"base64\":\"" + base64(as_bytes(bad)) + "\"}") !=
          std::string::npos);
  }
}

}  // namespace
}  // namespace chaperone::audit
