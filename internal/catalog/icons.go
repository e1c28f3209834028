package catalog

// Icons are the pictures that a template can have in the catalogue, by their names at lucide.dev. Only these
// are in the stylesheet; another name gets a box.
var Icons = []string{
	"activity", "archive", "bell", "bot", "box", "boxes", "brain", "calendar-clock", "clock", "cloud", "cog", "cpu", "database",
	"fence", "file-text", "flask-conical", "gauge", "globe", "hard-drive", "heart-pulse", "image", "key", "layers", "mail",
	"message-square", "network", "package", "radio", "rocket", "search", "server", "shield", "shopping-cart", "terminal",
	"timer", "users", "webhook", "workflow", "zap",
}

// Where in the catalogue a template comes that does not say it, and the last place that it can ask for.
const (
	usualOrder = 500
	lastOrder  = 999
)
