#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/client.h"

namespace minslice::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ParseUrl, TakesItApart) {
  const Result<Url> url = ParseUrl("HTTPS://Gateway.Example:8443/v1?x=1");
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "gateway.example");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->path, "/v1?x=1");
  EXPECT_EQ(url->Origin(), "https://gateway.example:8443");
  EXPECT_EQ(ParseUrl("http://[::1]:80/v1")->Origin(), "http://[::1]:80");
  EXPECT_EQ(ParseUrl("http://h")->Origin(), "http://h");
}

TEST(ParseUrl, KnowsLoopback) {
  for (const char* text : {"http://localhost/", "http://127.0.0.1:1/v1", "http://127.8.0.1", "http://[::1]",
                           "http://a.localhost"}) {
    EXPECT_TRUE(ParseUrl(text)->IsLoopback()) << text;
  }
  for (const char* text : {"http://10.0.0.1", "http://127.example.com", "http://localhost.example.com"}) {
    EXPECT_FALSE(ParseUrl(text)->IsLoopback()) << text;
  }
}

TEST(ParseUrl, RefusesWhatIsNone) {
  for (const char* text :
       {"", "gateway:4000/v1", "ftp://h/v1", "file:///etc/passwd", "http://", "http:///v1", "http://h:/v1",
        "http://h:0/v1", "http://h:65536", "http://h:80x", "http://h /v1", "http://h/\n", "http://[::1",
        "http://[::1]x", "http://h/v1#frag", "http://h\"/"}) {
    EXPECT_FALSE(ParseUrl(text).has_value()) << text;
  }
}

TEST(ParseUrl, RefusesCredentialsWithoutRepeatingThem) {
  const Result<Url> url = ParseUrl("http://user:s3cret@h/v1");
  ASSERT_FALSE(url.has_value());
  EXPECT_THAT(url.error().diagnostics[0].message, Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace minslice::http
