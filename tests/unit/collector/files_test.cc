#include "collector/files.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/collector/folder.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

using namespace chaperone;
using namespace chaperone::collector;

namespace {

struct stat status_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status;
}

}  // namespace

TEST_CASE("a file that is written anew can be read by whoever could read the old one") {
  TestFolder folder;
  std::string path = folder.path + "/tokens";
  REQUIRE(write_file_whole(path, "old"));
  CHECK((status_of(path).st_mode & 07777) == 0600);
  REQUIRE(::chmod(path.c_str(), 0640) == 0);
  bool root = ::geteuid() == 0;
  if (root) REQUIRE(::chown(path.c_str(), 65534, 65533) == 0);
  REQUIRE(write_file_whole(path, "new"));
  CHECK((status_of(path).st_mode & 07777) == 0640);
  if (root) {
    CHECK(status_of(path).st_uid == 65534);
    CHECK(status_of(path).st_gid == 65533);
  }
  CHECK(read_file(path, 100).value() == "new");
}
