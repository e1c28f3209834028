package kube

import "time"

// SetGateGrace lets a test wait less for a Job that the cluster does not end.
func SetGateGrace(d time.Duration) (reset func()) {
	was := gateGrace
	gateGrace = d
	return func() { gateGrace = was }
}
