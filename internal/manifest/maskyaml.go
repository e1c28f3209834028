package manifest

import "bytes"

// MaskYAML is the canonical YAML of the objects in raw, Secrets masked. It returns what Decode returns.
func MaskYAML(raw []byte) ([]byte, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, nil
	}
	set, err := Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	for i, o := range set {
		set[i] = Mask(o)
	}
	return set.YAML()
}
