package advice

import "slipway.dev/slipway/internal/manifest"

// externalSecret is the part of the kind of External Secrets that says which Secret it fills, and with what.
type externalSecret struct {
	Spec struct {
		Target struct {
			Name string `json:"name"`
		} `json:"target"`
		Data []struct {
			Key string `json:"secretKey"`
		} `json:"data"`
		DataFrom []map[string]any `json:"dataFrom"`
	} `json:"spec"`
}

// readExternal notes the Secret that an ExternalSecret fills: it is as good as made here. Its keys are
// known where each is named.
func (s *set) readExternal(u manifest.Object, ref manifest.Ref) {
	e := as[externalSecret](u)
	target := secret(e.Spec.Target.Name)
	if target.Name == "" {
		target.Name = ref.Name
	}
	target.Namespace = ref.Namespace
	if len(e.Spec.DataFrom) > 0 {
		s.later[target] = true
		return
	}
	keys := []string{}
	for _, d := range e.Spec.Data {
		keys = append(keys, d.Key)
	}
	s.keyed[target] = keys
}
