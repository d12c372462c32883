#include "base/html.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(HtmlTest, EscapesMarkupAndQuotesAndNothingElse) {
  EXPECT_EQ(EscapeHtml("<b a=\"1\" c='2'> & \xC3\xA9\n"),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt; &amp; \xC3\xA9\n");
  EXPECT_EQ(EscapeHtml("&lt;"), "&amp;lt;");
  EXPECT_EQ(EscapeHtml(""), "");
}

}  // namespace
}  // namespace base
