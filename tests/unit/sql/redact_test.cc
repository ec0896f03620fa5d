// The corpus tests/golden/sql/redact.txt: a block is a statement's lines, each after "> ", lines
// "= value" for what is bound to $1, $2 ..., and what the record may hold of it, parameters behind
// "$". Every secret in it begins with TOPSE or is of a known form; none may be left.

#include "proto-parsers/sql/redact.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "proto-parsers/sql/catalogue.h"
#include "proto-parsers/sql/secret_values.h"
#include "tests/unit/sql/catch.h"
#include "tests/unit/sql/fixture.h"

namespace chaperone::sql {
namespace {

std::shared_ptr<const Catalogue> users_catalogue() {
  CatalogueBuilder builder;
  using Row = std::vector<std::optional<std::string_view>>;
  auto add = [&](std::size_t query, Row row) { REQUIRE(builder.add(query, row).ok()); };
  add(0, {"20000", "public", "users", "r", "f", "f", "0"});
  add(1, {"20000", "id", "23", "t", "1"});
  add(1, {"20000", "name", "25", "f", "2"});
  add(1, {"20000", "password", "25", "f", "3"});
  auto made = builder.finish();
  REQUIRE(made.ok());
  return made.value();
}

class Prepared final : public PreparedTexts {
 public:
  std::optional<std::string_view> text_of(std::string_view name) const override {
    if (name == "pw") return "insert into users(id, password) values ($1, $2)";
    return std::nullopt;
  }
};

struct Block {
  std::string comment, statement, expected;
  std::vector<std::string> values;
};

std::vector<Block> blocks_of(const std::string& path) {
  std::ifstream file(path);
  REQUIRE(file.good());
  std::vector<Block> blocks;
  std::string line, comment;
  bool in_statement = false;
  while (std::getline(file, line)) {
    if (line.starts_with("> ")) {
      if (!in_statement)
        blocks.push_back({std::exchange(comment, {}), line.substr(2), {}, {}});
      else
        blocks.back().statement += "\n" + line.substr(2);
    } else if (line.starts_with("= ")) {
      blocks.back().values.push_back(line.substr(2));
    } else if (line.starts_with("#")) {
      comment += line + "\n";
    } else if (!line.empty()) {
      blocks.back().expected += line + "\n";
    }
    in_statement = line.starts_with("> ");
  }
  return blocks;
}

std::string recorded(const Block& block, const Names& names) {
  Reading reading;
  SecretPlaces places = analyse(block.statement, reading, names).secrets;
  std::string made = redact(block.statement, reading, places).value_or(block.statement) + "\n";
  bool named = std::any_of(block.values.begin(), block.values.end(),
                           [](const auto& value) { return value_names_secret(as_bytes(value)); });
  for (std::size_t i = 0; i < block.values.size(); ++i) {
    bool secret = is_secret(i + 1, as_bytes(block.values[i]), named, reading, places);
    made += "$ " + (secret ? "***" : block.values[i]) + "\n";
  }
  return made;
}

std::string written(const Block& block, const std::string& made) {
  std::string text = block.comment + "> ";
  for (char c : block.statement) text += c == '\n' ? std::string("\n> ") : std::string(1, c);
  for (const auto& value : block.values) text += "\n= " + value;
  return text + "\n" + made + "\n";
}

std::string redacted(std::string_view text) {
  Names names{nullptr, nullptr, {"public"}, "agent"};
  return redact(text, Reading{}, analyse(text, Reading{}, names).secrets)
      .value_or(std::string(text));
}

}  // namespace

TEST_CASE("secrets in texts and parameters") {
  std::string path = golden_folder() + "/redact.txt", all;
  auto catalogue = users_catalogue();
  Prepared prepared;
  Names names{catalogue.get(), &prepared, {"public"}, "agent"};
  bool writes = std::getenv("CHAPERONE_GOLDEN_WRITE") != nullptr;
  auto blocks = blocks_of(path);
  CHECK(blocks.size() > 50);
  for (const Block& block : blocks) {
    std::string made = recorded(block, names);
    all += written(block, made);
    INFO(block.statement);
    if (!writes) CHECK(made == block.expected);
    CHECK(made.find("TOPSE") == std::string::npos);
  }
  if (writes) std::ofstream(path) << all;
}

TEST_CASE("where a query names a secret what stands beside the name is taken") {
  for (std::string_view text :
       {"select 1 from users where password in ('S3CRET')", "set \"my.api_key\" to S3CRET",
        "select 1 /* password=S3CRET */", "select 1 -- token: S3CRET",
        "alter role bob password S3CRET oops", "select $$ghp_S3CRET0123456789abcdef0123$$",
        "set my.password = S3CRET", "select 'Authorization: Bearer S3CRET-0123456789'",
        "merge into users u using t on true when not matched then insert (password) values "
        "('S3CRET')"}) {
    CHECK(redacted(text).find("S3CRET") == std::string::npos);
  }
}

// A judgement is cached by shape: what one text taught must be right for the next.
TEST_CASE("places of a shape are good for every text of it") {
  Names names{nullptr, nullptr, {"public"}, "agent"};
  auto places = [&](std::string_view text) { return analyse(text, Reading{}, names).secrets; };
  std::string_view first = "select .5, 1 from users where a = 'x' and password = 'y' -- one";
  std::string_view second =
      "select 0.25, 22 from users where a = 'it''s' and password = '' -- 2 'x";
  CHECK(places(first) == places(second));
  CHECK(redact(second, Reading{}, places(first)) ==
        "select 0.25, 22 from users where a = 'it''s' and password = '***' -- 2 'x");
}

TEST_CASE("what cannot be cut into tokens") {
  CHECK(redacted("ALTER ROLE bob PASSWORD 'hush") == "ALTER ROLE bob PASSWORD ***");
  CHECK(redacted("SELECT 'ALTER ROLE bob PASSWORD x") == "SELECT ***");
  CHECK(redacted("SELECT 'unterminated") == "SELECT 'unterminated");
}

TEST_CASE("the meaning of a text tells no secret either") {
  Names names{nullptr, nullptr, {"public"}, "agent"};
  auto analysis = analyse("alter role evil password TOPSE oops", Reading{}, names);
  CHECK(analysis.meaning.statements[0].unknown_because == "syntax error at or near ...");
  analysis = analyse("copy t from program 'curl -u u:TOPSE http://h'", Reading{}, names);
  auto meaning = redact(analysis.meaning);
  REQUIRE(meaning);
  CHECK(meaning->statements[0].objects.back().name == "curl -u u:*** http://h");
  CHECK_FALSE(redact(analyse("select 1 from password", Reading{}, names).meaning));
}

TEST_CASE("what is no secret stays") {
  for (std::string_view text :
       {"SELECT 1", "SELECT password FROM users", "SELECT 'a' || 'b'",
        "INSERT INTO t VALUES ('x', $$y$$)", "", "SELECT $1 -- password", "COPY t TO PROGRAM 'sh'",
        "UPDATE runs SET max_tokens = 4096, prompt_tokens = 12 WHERE id = 7",
        "SELECT 'https://example.org/a?b=c', 'task-force-of-the-year', 'Asia'",
        "SELECT * FROM t WHERE password_changed_at > '2026-01-01' AND key = 'k'",
        "SELECT * FROM grants WHERE kind = 'token' AND scope IN ('secret', 'open')",
        "CREATE TABLE t (password varchar(64) NOT NULL CHECK (length(password) > 8))",
        "SET password_encryption = 'md5'", "ALTER ROLE bob PASSWORD NULL"}) {
    CHECK(redacted(text) == text);
  }
}

TEST_CASE("lists and nests without end are taken whole") {
  std::string many = "insert into users(password) values ('x')";
  for (int i = 0; i < 2000; ++i) many += ",('x')";
  Names names{nullptr, nullptr, {"public"}, "agent"};
  auto analysis = analyse(many, Reading{}, names);
  CHECK(analysis.secrets.all_literals);
  CHECK(redacted(many).find('x') == std::string::npos);
  std::string deep = "select 1 where password = " + std::string(700, '(') + "'x'";
  for (int i = 0; i < 700; ++i) deep += "||'x')";
  CHECK(redacted(deep).find('x') == std::string::npos);
}

// Each was looked through to its line's end: minutes for a statement of this size.
TEST_CASE("a text that begins many keys is looked through once") {
  std::string many;
  while (many.size() < (1 << 20)) many += "-----BEGIN ";
  CHECK(without_secrets(many).empty());
  CHECK(without_secrets(many + "RSA PRIVATE KEY----- x").ends_with("***"));
}

}  // namespace chaperone::sql
