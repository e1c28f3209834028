package status

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// What the scheduler says of nodes comes out in plain words, with advice that fits.
func TestWhyThereIsNoNode(t *testing.T) {
	const less, place = "Ask for less, or have a node added.", "Change where its pods may run, or have a node added that fits."
	for _, tc := range []struct{ said, word, title, reason, advice string }{
		{"0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.", "pending", "waits for a node",
			"no node has room: 3 nodes have too little memory left", "No node has room for it: 3 nodes have too little memory left. " + less},
		{"0/4 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.", "pending", "waits for a node",
			"no node has room: 1 node has too little cpu left, 1 node is kept for others (`node-role.kubernetes.io/control-plane`), 2 nodes are not of those it asks for",
			"No node has room for it: 1 node has too little cpu left, 1 node is kept for others (`node-role.kubernetes.io/control-plane`), 2 nodes are not of those it asks for. " + place},
		{"0/2 nodes are available: 2 node(s) had untolerated taint {gpu: a100}.", "pending", "waits for a node",
			"no node has room: 2 nodes are kept for others (`gpu: a100`)", "No node has room for it: 2 nodes are kept for others (`gpu: a100`). " + place},
		{"0/2 nodes are available: 1 Too many pods, 1 node(s) were unschedulable.", "pending", "waits for a node",
			"no node has room: 1 node is full of pods, 1 node takes no pods at present", "No node has room for it: 1 node is full of pods, 1 node takes no pods at present. " + less},
		{"0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.", "pending", "waits for a node",
			"no node has room: 2 nodes run a pod that it must not be beside", "No node has room for it: 2 nodes run a pod that it must not be beside. " + place},
		{"0/2 nodes are available: 2 node(s) were struck by lightning.", "pending", "waits for a node",
			"no node has room: 2 node(s) were struck by lightning", "No node has room for it: 2 node(s) were struck by lightning. " + less},
		{"0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.", "pending", "waits for its volume",
			"its claim has no volume yet", "It gets no node before its claim has a volume. The claim stands among the objects, with what keeps it; often its storage class does not exist, or nobody makes volumes of it."},
		{`0/3 nodes are available: persistentvolumeclaim "data" not found. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.`, "failed", "cannot start: the claim `data` does not exist",
			"the claim `data` it needs does not exist", "It needs the claim `data`, which does not exist in the namespace. Create it, or change the reference; the cluster tries again by itself."},
		{"", "pending", "waits for a node", "no node has room: the scheduler does not say why", "No node has room for it: the scheduler does not say why. " + less},
	} {
		p := &corev1.Pod{Status: corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: tc.said}}}}
		v, is := unscheduled(p)
		if !is || string(v.word) != tc.word || v.reason != tc.reason || v.wrong.title != tc.title || v.wrong.sentence != tc.advice || v.wrong.said != tc.said {
			t.Errorf("%s\n%s %s\n%s\n%+v", tc.said, v.word, v.reason, v.wrong.title, v.wrong)
		}
	}
}
