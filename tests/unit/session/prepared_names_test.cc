#include "sidecar/session/prepared_names.h"

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::session {
namespace {

StatementPtr statement(std::string text) {
  auto made = std::make_shared<PreparedStatement>();
  made->text = std::move(text);
  return made;
}

TEST_CASE("prepared names: a change counts for the pipeline at once, and for good when confirmed") {
  PreparedNames names;
  names.change_statement("s", statement("one"));
  CHECK(names.text_of("s") == "one");
  names.settle(true);
  CHECK(names.text_of("s") == "one");
  CHECK(names.text_bytes() == 3);
}

TEST_CASE("prepared names: a change that failed never was") {
  PreparedNames names;
  names.change_statement("s", statement("one"));
  names.settle(true);
  names.change_statement("s", statement("other"));  // fails there: the name exists
  CHECK(names.text_of("s") == "other");
  names.settle(false);
  CHECK(names.text_of("s") == "one");
  CHECK(names.text_bytes() == 3);
}

TEST_CASE("prepared names: changes settle in their order") {
  PreparedNames names;
  names.change_statement("s", statement("one"));
  names.change_portal("p", std::make_shared<Portal>());
  names.change_statement("s", nullptr);
  names.change_statement("s", statement("two"));
  CHECK(names.text_of("s") == "two");
  names.settle(true);
  CHECK(names.text_of("s") == "two");
  names.settle(true);
  CHECK(names.portal("p"));
  names.settle(true);
  names.settle(false);
  CHECK_FALSE(names.text_of("s"));
  CHECK(names.text_bytes() == 0);
  CHECK(names.size() == 0);
  CHECK(names.unexecuted().size() == 1);
}

TEST_CASE("prepared names: the unnamed portal is one of them") {
  PreparedNames names;
  names.change_portal("p", std::make_shared<Portal>());
  names.change_portal("", std::make_shared<Portal>());
  names.settle(true);
  CHECK(names.portal(""));  // awaited, and so what the next message means
  names.settle(true);
  CHECK(names.unexecuted().size() == 2);
  names.portal("")->executed = true;
  CHECK(names.unexecuted().size() == 1);
  names.change_portal("", nullptr);
  names.settle(true);
  CHECK_FALSE(names.portal(""));
  CHECK(names.portal("p"));
  names.end_portals();
  CHECK_FALSE(names.portal("p"));
}

TEST_CASE("prepared names: a pipeline that never rests is forgotten behind itself") {
  PreparedNames names;
  names.change_statement("s", statement("x"));
  for (int i = 0; i < 5000; ++i) {
    names.change_statement("s", statement("x"));
    names.settle(true);
  }
  CHECK(names.size() <= 2);
  CHECK(names.text_bytes() == 2);
}

}  // namespace
}  // namespace chaperone::session
