#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "audit/crypto.h"
#include "audit/frame.h"
#include "audit/text.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

namespace chaperone::audit {
namespace {

std::vector<std::vector<std::string>> vectors(const std::string& kind) {
  std::ifstream file(std::string(std::getenv("CHAPERONE_SOURCE_DIR")) +
                     "/tests/golden/audit/crypto.txt");
  REQUIRE(file.good());
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::vector<std::string> row;
    for (std::string word; words >> word;) row.push_back(word == "-" ? "" : word);
    if (!row.empty() && row[0] == kind) rows.push_back(row);
  }
  REQUIRE(!rows.empty());
  return rows;
}

std::vector<std::uint8_t> bytes(const std::string& text) {
  return *from_hex(std::string_view(text));
}

template <class Array>
Array array(const std::string& text) {
  Array out{};
  REQUIRE(from_hex(text, out));
  return out;
}

TEST_CASE("SHA-256 vectors, whole and at every split") {
  for (const auto& row : vectors("sha256")) {
    auto message = bytes(row[1]);
    CHECK(hex(sha256(message)) == row[2]);
    for (std::size_t split = 0; split <= message.size(); ++split) {
      Bytes all = message;
      CHECK(hex(Sha256().update(all.first(split)).update(all.subspan(split)).finish()) == row[2]);
    }
  }
}

TEST_CASE("HMAC-SHA-256 vectors") {
  for (const auto& row : vectors("hmac")) {
    CHECK(hex(hmac_sha256(bytes(row[1]), bytes(row[2]))) == row[3]);
  }
}

TEST_CASE("Ed25519 vectors, and every altered byte fails") {
  for (const auto& row : vectors("ed25519")) {
    SigningKey key(array<Seed>(row[1]));
    CHECK(hex(key.public_key()) == row[2]);
    auto message = bytes(row[3]);
    Signature signature = key.sign(message);
    CHECK(hex(signature) == row[4]);
    CHECK(verify(key.public_key(), message, signature));
    for (std::uint8_t& byte : signature) {
      byte ^= 1;
      CHECK_FALSE(verify(key.public_key(), message, signature));
      byte ^= 1;
    }
    message.push_back(0);
    CHECK_FALSE(verify(key.public_key(), message, signature));
  }
}

TEST_CASE("keys made here are random and usable") {
  SigningKey a = SigningKey::generate(), b = SigningKey::generate();
  CHECK(a.public_key() != b.public_key());
  SigningKey again(a.seed());
  CHECK(again.public_key() == a.public_key());
  CHECK(verify(a.public_key(), as_bytes("x"), again.sign(as_bytes("x"))));
  CHECK_FALSE(verify(b.public_key(), as_bytes("x"), again.sign(as_bytes("x"))));
  CHECK(random_id() != random_id());
}

TEST_CASE("CRC-32C vectors, by instruction and by table, at every split") {
  for (const auto& row : vectors("crc32c")) {
    auto message = bytes(row[1]);
    std::uint32_t expected = static_cast<std::uint32_t>(std::stoul(row[2], nullptr, 16));
    CHECK(crc32c(message) == expected);
    CHECK(crc32c_portable(message) == expected);
    for (std::size_t split = 0; split <= message.size(); ++split) {
      Bytes all = message;
      CHECK(crc32c(all.subspan(split), crc32c(all.first(split))) == expected);
      CHECK(crc32c_portable(all.subspan(split), crc32c_portable(all.first(split))) == expected);
    }
  }
}

TEST_CASE("base64 vectors, and one text for one value") {
  for (const auto& row : vectors("base64")) {
    CHECK(base64(bytes(row[1])) == row[2]);
    CHECK(from_base64(row[2]) == bytes(row[1]));
  }
  for (const char* bad :
       {"Zg", "Zg=", "Zh==", "Zm9=", "====", "Z===", "Zg==Zg==", "Zm 9", "Zm9v\n"}) {
    CHECK_FALSE(from_base64(bad));
  }
  for (const char* bad : {"0", "0G", "AB", " 0"}) CHECK_FALSE(from_hex(std::string_view(bad)));
}

TEST_CASE("texts are cut between characters") {
  CHECK(cut_utf8("abc", 3) == "abc");
  CHECK(cut_utf8("abc", 2) == "ab");
  CHECK(cut_utf8("a\xC3\xA4z", 2) == "a");
  CHECK(cut_utf8("a\xC3\xA4z", 3) == "a\xC3\xA4");
  CHECK(cut_utf8("\xF0\x9F\x98\x80!", 3).empty());
  CHECK(cut_utf8("\xF0\x9F\x98\x80!", 4) == "\xF0\x9F\x98\x80");
  // Not UTF-8 at all: cut anywhere rather than lose it whole.
  CHECK(cut_utf8("\x80\x80\x80\x80\x80\x80\x80", 5).size() == 5);
}

TEST_CASE("comparing in constant time") {
  CHECK(equal_constant_time(as_bytes("abc"), as_bytes("abc")));
  CHECK_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("abd")));
  CHECK_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("ab")));
}

}  // namespace
}  // namespace chaperone::audit
