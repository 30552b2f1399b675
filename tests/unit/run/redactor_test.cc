#include "run/redactor.h"

#include <gtest/gtest.h>

namespace minslice::run {
namespace {

std::string Cleaned(const Redactor& redactor, std::string text) {
  redactor.Clean(text);
  return text;
}

TEST(Redactor, TakesASecretOutInEveryFormThatItTravelsIn) {
  const Redactor redactor({"sk-a\"b/c&d", "sk-a\"b/c&d-longer"});
  EXPECT_EQ(Cleaned(redactor, "key sk-a\"b/c&d, sk-a\"b/c&d!"), "key [redacted], [redacted]!");
  EXPECT_EQ(Cleaned(redactor, R"({"m":"sk-a\"b/c&d"})"), R"({"m":"[redacted]"})");
  EXPECT_EQ(Cleaned(redactor, R"({"m":"sk-a\"b\/c&d"})"), R"({"m":"[redacted]"})");
  EXPECT_EQ(Cleaned(redactor, "<b>sk-a&quot;b/c&amp;d</b>"), "<b>[redacted]</b>");
  EXPECT_EQ(Cleaned(redactor, "?k=sk-a%22b%2Fc%26d"), "?k=[redacted]");
  EXPECT_EQ(Cleaned(redactor, "sk-a\"b/c&d-longer"), "[redacted]");  // the longest first
  EXPECT_EQ(Cleaned(redactor, "sk-a and b/c&d"), "sk-a and b/c&d");
}

TEST(Redactor, CleansAWholeResponse) {
  const Redactor redactor({"", "secret-1"});
  http::Response response;
  response.body = "x secret-1";
  response.error_text = "secret-1";
  response.headers = {{"a", "secret-1"}, {"b", "c"}};
  redactor.Clean(response);
  EXPECT_EQ(response.body, "x [redacted]");
  EXPECT_EQ(response.error_text, "[redacted]");
  EXPECT_EQ(response.headers[0].value, "[redacted]");
  EXPECT_EQ(response.headers[1].value, "c");
  EXPECT_EQ(Cleaned(Redactor(), "secret-1"), "secret-1");
}

}  // namespace
}  // namespace minslice::run
