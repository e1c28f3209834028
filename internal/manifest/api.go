package manifest

// Digest is the lower-case hex SHA-256 of a plan.
type Digest string

// Short is the first 8 digits, by which people compare.
func (d Digest) Short() string {
	if len(d) < 8 {
		return string(d)
	}
	return string(d[:8])
}
