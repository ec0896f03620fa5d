#include "cli/settings.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

using namespace chaperone::cli;

TEST_CASE("flags win over the environment") {
  auto environment = [](const char* name) {
    std::string wanted = name;
    if (wanted == "CHAPERONE_COLLECTOR") return std::string("https://from-environment");
    if (wanted == "CHAPERONE_CA_FILE") return std::string("ca.pem");
    return std::string();
  };
  auto settings = complete({"https://from-flag", "", "", ""}, environment);
  REQUIRE(settings);
  CHECK(settings->collector == "https://from-flag");
  CHECK(settings->ca_file == "ca.pem");
  CHECK(settings->token_file.empty());
}

TEST_CASE("a file is lines of key = value") {
  auto settings =
      parse_settings("# a comment\n\n collector = https://c:1 # here\ntoken_file=t\r\n");
  REQUIRE(settings);
  CHECK(settings->collector == "https://c:1");
  CHECK(settings->token_file == "t");
  auto wrong = parse_settings("collector = https://c\ncolector = x\n");
  REQUIRE(!wrong);
  CHECK(wrong.error().message.find("line 2") != std::string::npos);
  CHECK(!parse_settings("ca_file =").ok());
  CHECK(!parse_settings("ca_file").ok());
}

TEST_CASE("a file that was named must be there") {
  auto environment = [](const char* name) {
    return std::string(name) == "CHAPERONE_CONFIG" ? std::string("/nonexistent/config")
                                                   : std::string();
  };
  CHECK(!complete({}, environment).ok());
}
