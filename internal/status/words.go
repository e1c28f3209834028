package status

import (
	"fmt"
	"strings"
	"time"
)

// plural is the thing in the number that n asks for.
func plural(n int32, thing string) string {
	if n == 1 {
		return thing
	}
	return thing + "s"
}

// times is "1 restart", "2 restarts".
func times(n int32, thing string) string { return fmt.Sprintf("%d %s", n, plural(n, thing)) }

// seconds is a duration as people say it.
func seconds(d time.Duration) string {
	switch {
	case d < 5*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%d h", int(d.Hours()))
}

// plain is a text without the backticks around names, for where they are not drawn as code.
func plain(s string) string { return strings.ReplaceAll(s, "`", "") }

// readyOf is "no pod is ready", "1 of 3 pods is ready".
func readyOf(ready, want int32) string {
	if ready == 0 {
		return "no pod is ready"
	}
	return fmt.Sprintf("%d of %s %s ready", ready, times(want, "pod"), are(ready))
}

func are(n int32) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
