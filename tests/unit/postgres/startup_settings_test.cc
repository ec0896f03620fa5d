#include "proto-parsers/postgres/startup_settings.h"

#include <catch2/catch.hpp>
#include <string>

#include "proto-parsers/postgres/client_encoding.h"

using namespace chaperone;
using namespace chaperone::pg;

namespace {

std::string text_of(const std::vector<Setting>& settings) {
  std::string out;
  for (const Setting& setting : settings) out += setting.name + "=" + setting.value + ";";
  return out;
}

std::string options(std::string_view text) {
  auto settings = parse_options(text);
  return settings ? text_of(*settings) : "error: " + settings.error().message;
}

StartupPacket packet(std::initializer_list<NameValue> parameters) {
  StartupPacket out;
  for (const NameValue& parameter : parameters) out.parameters[out.parameter_count++] = parameter;
  return out;
}

bool refused(std::string_view name, std::string_view value) {
  return !check_setting(name, value).ok();
}

}  // namespace

TEST_CASE("startup: options are split as the server splits them") {
  CHECK(options("").empty());
  CHECK(options("   ").empty());
  CHECK(options("-c a=b") == "a=b;");
  CHECK(options("-ca=b") == "a=b;");
  CHECK(options("--a=b") == "a=b;");
  CHECK(options("  -c  a=b\t--C-d=E  ") == "a=b;c_d=E;");
  CHECK(options("-c search_path=a\\ b") == "search_path=a b;");
  CHECK(options("-c a=b\\\\c") == "a=b\\c;");
  CHECK(options("-c a=b\\") == "a=b;");
  CHECK(options("-c a=") == "a=;");
  CHECK(options("-c a=1 -c a=2") == "a=2;");
  CHECK(options("-c a=x=y") == "a=x=y;");
}

TEST_CASE("startup: any other switch is refused by name") {
  for (std::string_view text : {"-d 5", "-e", "-c", "--", "-", "a=b", "-W 10", "-eca=b", "-B 1"}) {
    CAPTURE(text);
    CHECK(options(text).starts_with("error: startup parameter \"options\": the switch"));
  }
  CHECK(options("-c a").find("has no value") != std::string::npos);
  CHECK(options("--a").find("has no value") != std::string::npos);
  CHECK(options("-c =b").find("has no value") != std::string::npos);
}

TEST_CASE("startup: a request is read from its packet") {
  auto request = read_request(packet({{"user", "ann"},
                                      {"DateStyle", "ISO"},
                                      {"options", "-c datestyle=SQL -c geqo=off"},
                                      {"_pq_.unknown", "1"}}));
  REQUIRE(request);
  CHECK(request->user == "ann");
  CHECK(request->database == "ann");
  CHECK_FALSE(request->replication);
  CHECK(text_of(request->settings) == "geqo=off;datestyle=ISO;");
}

TEST_CASE("startup: a request without a user is refused") {
  CHECK_FALSE(read_request(packet({{"database", "shop"}})));
  CHECK_FALSE(read_request(packet({{"user", ""}})));
}

TEST_CASE("startup: replication is told apart") {
  const auto read = [](std::string_view value) {
    return read_request(packet({{"user", "ann"}, {"replication", value}}));
  };
  for (std::string_view value : {"true", "on", "yes", "1", "t", "TRUE", "y"}) {
    CAPTURE(value);
    CHECK(read(value)->replication);
    CHECK_FALSE(read(value)->replication_database);
  }
  for (std::string_view value : {"false", "off", "of", "no", "0", "n"}) {
    CAPTURE(value);
    CHECK_FALSE(read(value)->replication);
  }
  CHECK(read("database")->replication_database);
  CHECK(read("database")->replication);
  for (std::string_view value : {"", "o", "2", "onn", "data"}) CHECK_FALSE(read(value));
}

TEST_CASE("startup: settings outside the list are refused, with what to do instead") {
  for (std::string_view name :
       {"role", "session_authorization", "local_preload_libraries", "backslash_quote",
        "transform_null_equals", "", "ROLE", "session_preload_libraries", "synchronous_commit"}) {
    CAPTURE(name);
    CHECK(refused(name, "x"));
  }
  const auto request = read_request(packet({{"user", "a"}, {"options", "-c Role=postgres"}}));
  REQUIRE_FALSE(request);
  CHECK(request.error().message.find("\"role\"") != std::string::npos);
  CHECK(request.error().message.find("SET it") != std::string::npos);
}

TEST_CASE("startup: what changes how text is read is refused") {
  CHECK(refused("standard_conforming_strings", "off"));
  CHECK(refused("Standard_Conforming_Strings", "0"));
  CHECK_FALSE(refused("standard_conforming_strings", "on"));
  CHECK(refused("client_encoding", "SJIS"));
  CHECK(refused("client_encoding", "shift_jis"));
  CHECK(refused("client_encoding", "big5"));
  CHECK(refused("CLIENT_ENCODING", "GBK"));
  CHECK(refused("client_encoding", ""));
  CHECK(refused("client_encoding", "no such"));
  CHECK_FALSE(refused("client_encoding", "UTF-8"));
}

TEST_CASE("startup: client encodings are known by all their names") {
  for (std::string_view name : {"utf8", "UTF-8", "unicode", "LATIN1", "iso-8859-1", "EUC_JP",
                                "sql_ascii", "win1252", "WINDOWS-1252", "koi8-r"}) {
    CAPTURE(name);
    CHECK(client_encoding_is_safe(name));
  }
  for (std::string_view name : {"sjis", "mskanji", "shiftjis2004", "win932", "windows-936", "uhc",
                                "win949", "gb18030", "johab", "big5", "win950", "", "'"}) {
    CAPTURE(name);
    CHECK_FALSE(client_encoding_is_safe(name));
  }
}
