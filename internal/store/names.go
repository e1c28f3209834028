package store

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/uptrace/bun"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/policy"
)

// names remembers the actors and targets of the audit log, by their ids. There are few of them next
// to the entries, and none ever changes. They get their ids under the lock of the chain's end, so
// whoever has read up to an id misses none below it.
type names struct {
	mu         sync.Mutex
	people     map[int64]policy.Person
	targets    map[int64]policy.Target
	lastPerson int64
	lastTarget int64
}

// snapshot reads what is new and returns copies.
func (n *names) snapshot(ctx context.Context, db bun.IDB) (map[int64]policy.Person, map[int64]policy.Target, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.people == nil {
		n.people, n.targets = map[int64]policy.Person{}, map[int64]policy.Target{}
	}
	people, err := db.QueryContext(ctx, "SELECT id, issuer, subject, name, email FROM audit_actors WHERE id > ?", n.lastPerson)
	err = eachRow(people, err, func() error {
		var id int64
		var p policy.Person
		err := people.Scan(&id, &p.Issuer, &p.Subject, &p.Name, &p.Email)
		n.people[id] = p
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	targets, err := db.QueryContext(ctx, "SELECT id, team, environment FROM audit_targets WHERE id > ?", n.lastTarget)
	err = eachRow(targets, err, func() error {
		var id int64
		var t policy.Target
		err := targets.Scan(&id, &t.Team, &t.Environment)
		n.targets[id] = t
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	n.lastPerson, n.lastTarget = largest(n.people), largest(n.targets)
	return maps.Clone(n.people), maps.Clone(n.targets), nil
}

func largest[V any](m map[int64]V) int64 {
	var most int64
	for id := range m {
		most = max(most, id)
	}
	return most
}

// eachRow calls scan for each row of a query that ended with err.
func eachRow(rows *sql.Rows, err error, scan func() error) error {
	if err != nil {
		return err
	}
	for err == nil && rows.Next() {
		err = scan()
	}
	return errors.Join(err, rows.Err(), rows.Close())
}

// actorsOf gives the ids of the actors that audit.Filter.Person means.
func actorsOf(people map[int64]policy.Person, person string) []int64 {
	part := strings.ToLower(person)
	var ids []int64
	for id, p := range people {
		if p.Subject == person || strings.Contains(strings.ToLower(p.Name), part) || strings.Contains(strings.ToLower(p.Email), part) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// targetsOf gives the ids of the targets that f is about and that may be seen; all is true where f does
// not limit them.
func targetsOf(targets map[int64]policy.Target, f audit.Filter) (ids []int64, all bool) {
	if f.Visible == nil && f.Target == (policy.Target{}) {
		return nil, true
	}
	for id, t := range targets {
		wanted := (f.Target.Team == "" || f.Target.Team == t.Team) &&
			(f.Target.Environment == "" || f.Target.Environment == t.Environment)
		if wanted && (f.Visible == nil || visible(f.Visible, t)) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, false
}

// visible tells whether t is among targets, which may use policy.Any. What is about no target is not.
func visible(targets []policy.Target, t policy.Target) bool {
	return t != policy.Target{} && slices.ContainsFunc(targets, func(v policy.Target) bool {
		return (v.Team == policy.Any || v.Team == t.Team) && (v.Environment == policy.Any || v.Environment == t.Environment)
	})
}
